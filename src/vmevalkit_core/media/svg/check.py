"""Our own look at an SVG before any renderer sees it, with a parser that never follows an entity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.parsers import expat

from vmevalkit_core.media.svg.expansion import MAX_LEVELS, Document, Element, check_expansion
from vmevalkit_core.media.svg.references import css_fragments, fragments
from vmevalkit_core.media.svg.refusal import Refusal
from vmevalkit_core.media.svg.size import pixel_size

MAX_ELEMENTS = 50_000
_NAMESPACE = "http://www.w3.org/2000/svg"
_BASE = "http://www.w3.org/XML/1998/namespace base"
_REFUSED = {"script", "foreignObject"}


def check_svg(text: str) -> tuple[int, int]:
    """Width and height in pixels of an SVG that is safe to hand to a renderer; Refusal for any other."""
    reader = _Reader()
    try:
        reader.parse(text)
    except expat.ExpatError as error:
        where = f"line {error.lineno}: {expat.ErrorString(error.code)}"
        raise Refusal(f"is damaged or cut short at {where}") from error
    check_expansion(reader.document)
    return reader.size


class _Reader:
    """Refuses at the first reason, so that a hostile file costs no more than its beginning."""

    def __init__(self) -> None:
        self.document = Document()
        self.size = (0, 0)
        self._open: list[Element] = []
        self._elements = 0
        self._css: list[str] | None = None

    def parse(self, text: str) -> None:
        parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._doctype
        parser.ProcessingInstructionHandler = self._instruction
        parser.SkippedEntityHandler = _refusing("uses an entity that it does not define")
        parser.Parse(text.encode(), True)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count(name)
        local = _local(name)
        element = Element()
        for key, value in attributes.items():
            element.links += fragments(local, _reference_name(key), value)
        if "id" in attributes:
            self.document.ids.setdefault(attributes["id"], []).append(element)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self._root(name, attributes, element)
        self._open.append(element)
        if local == "style":
            self._css = []

    def _count(self, name: str) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            raise Refusal(f"has more than {MAX_ELEMENTS:,} elements", "simplify it, or export it as a PNG")
        if len(self._open) >= MAX_LEVELS:
            raise Refusal(f"is nested more than {MAX_LEVELS} levels deep")
        if _local(name) in _REFUSED:
            raise Refusal(f"contains a <{_local(name)}>, which is not drawn")

    def _root(self, name: str, attributes: dict[str, str], element: Element) -> None:
        if name == "svg":
            raise Refusal("lacks the namespace of SVG", f'write <svg xmlns="{_NAMESPACE}" ...>')
        if name != f"{_NAMESPACE} svg":
            raise Refusal(f"begins with <{_local(name)}>, so it is not an SVG")
        self.document.root = element
        self.size = pixel_size(attributes)

    def _end(self, name: str) -> None:
        self._open.pop()
        if _local(name) == "style" and self._css is not None:
            css_fragments("".join(self._css))
            self._css = None

    def _text(self, text: str) -> None:
        if self._css is not None:
            self._css.append(text)

    def _doctype(self, name: str, system: str | None, public: str | None, has_subset: int) -> None:
        if has_subset:
            raise Refusal("declares entities of its own in its DOCTYPE")

    def _instruction(self, target: str, data: str) -> None:
        if target == "xml-stylesheet":
            raise Refusal("refers to a style sheet outside the file", "put the styles into a <style>")


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


def _reference_name(key: str) -> str:
    # A base turns `#id` into a name of another file.
    return "href" if key == _BASE else _local(key)


def _refusing(cause: str) -> Callable[..., Any]:
    def refuse(*_: object) -> None:
        raise Refusal(cause)

    return refuse
