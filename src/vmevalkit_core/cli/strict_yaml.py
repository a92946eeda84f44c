"""YAML as people mean it: `no`, `12:30` and `1_000` are text, no key stands twice, there are no aliases and no tags."""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

import yaml

from vmevalkit_core.errors import ConfigError

DEEPEST = 12
"""Levels of lists and mappings inside each other at most."""
LONGEST = 60
"""Characters of a value that a message repeats."""
Place = tuple[str | int, ...]

_QUOTE = "text that begins with a special sign, or holds ': ' or ' #', has to stand in quotes"
# The numbers that read back as they were written; the rest of what YAML 1.1 takes for numbers, dates and times is text.
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,18})")
_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)?(\.[0-9]+([eE][-+]?[0-9]+)?|(?<=[0-9])[eE][-+]?[0-9]+)")
_WORDS = {"": None, "~": None} | {
    spelling: value
    for word, value in (("null", None), ("true", True), ("false", False))
    for spelling in (word, word.capitalize(), word.upper())
}


class Document(NamedTuple):
    """The values of a YAML text, and the line on which each of them begins."""

    value: Any
    lines: dict[Place, int]


def brief(text: str) -> str:
    """A word of the user's as it stands or, where it is long or odd, the beginning of it in quotes."""
    plain = text if text.isprintable() else repr(text)
    return plain if len(plain) <= LONGEST else f"{plain[: LONGEST - 1]}…"


def parse(text: str, name: str) -> Document:
    """The document in `text`, made of dict, list, str, int, float, bool and None; ConfigError names the line."""
    lines: dict[Place, int] = {}
    try:
        node = _Composer(text).get_single_node()
        value = None if node is None else _value(node, (), lines)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}, line {mark.line + 1}" if mark else name
        raise ConfigError(f"{where}: {error.problem or error.context}", hint=error.note or _QUOTE) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ConfigError(f"{name}, line {line}: holds the control character U+{error.character:04X}") from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # PyYAML does not catch these itself, for example in "\UFFFFFFFF".
        raise ConfigError(f"{name} cannot be read as YAML: {error}") from error
    return Document(value, lines)


class _Composer(yaml.SafeLoader):
    """Nodes of a document in which each value is written where it stands."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """The next node, unless it is of a kind that a configuration does not need."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _refused(event.start_mark, "anchors (&) and aliases (*) are not taken", "write the value out")
        if getattr(event, "tag", None):
            raise _refused(
                event.start_mark, f"the tag {brief(event.tag)} is not taken", "leave it out, or quote the text"
            )
        if self.depth == DEEPEST:
            raise _refused(event.start_mark, f"more than {DEEPEST} levels inside each other", "make it flatter")
        self.depth += 1
        node: yaml.Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node


def _refused(mark: Any, problem: str, hint: str = "") -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=mark, note=hint)


def _value(node: yaml.Node, place: Place, lines: dict[Place, int]) -> Any:
    lines[place] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, place, lines)
    if isinstance(node, yaml.SequenceNode):
        return [_value(child, (*place, index), lines) for index, child in enumerate(node.value)]
    return _text(node) if isinstance(node, yaml.ScalarNode) and node.style else _plain(node)


def _mapping(node: yaml.MappingNode, place: Place, lines: dict[Place, int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, child in node.value:
        if not isinstance(key, yaml.ScalarNode) or not key.value:
            raise _refused(key.start_mark, "a key has to be a word", _QUOTE)
        name = _text(key)
        if name in found:
            raise _refused(key.start_mark, f"{brief(name)} stands twice", "leave one of them out")
        found[name] = _value(child, (*place, name), lines)
        lines[*place, name] = key.start_mark.line + 1
    return found


def _plain(node: yaml.Node) -> Any:
    text = _text(node)
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text) and text != "-0":
        return int(text)
    if not _FLOAT.fullmatch(text):
        return text
    number = float(text)
    if not math.isfinite(number):
        raise _refused(node.start_mark, f"the number {brief(text)} is too large", "put it in quotes if it is text")
    return number


def _text(node: yaml.Node) -> str:
    text = str(node.value)
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise _refused(node.start_mark, "holds half of a character (a lone surrogate)", "write the character itself")
    return text
