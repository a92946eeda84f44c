"""What the elements of an SVG refer to: never anything outside the file."""

from __future__ import annotations

import base64
import binascii
import re

from vmevalkit_core.media.svg.refusal import Refusal, quoted

_URL = re.compile(r"""url\s*+\(\s*+["']?\s*+([^\s"')]*)""", re.IGNORECASE)
_CSS_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|(.))", re.DOTALL)
_EMBEDDED = re.compile(r"\s*+data:image/(?:png|jpe?g);base64,")
_STARTS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
_PICTURES = {"image", "feImage"}
# Links for people and the targets of animations draw nothing; an animation often names the element it is in.
_DRAW_NOTHING = {"a", "animate", "animateColor", "animateMotion", "animateTransform", "discard", "mpath", "set"}
_HINT = "embed pictures as data:image/png;base64, and styles in a <style>"


def fragments(element: str, attribute: str, value: str) -> list[str]:
    """The ids in the same file that an attribute refers to; Refusal when it refers to anything else."""
    if attribute in ("href", "src"):
        return _link(element, value.strip())
    if attribute == "style" or "(" in value:
        return css_fragments(value)
    return []


def css_fragments(text: str) -> list[str]:
    """The ids that CSS refers to by url(#id); Refusal when it imports or refers to anything else."""
    found = []
    # Read with and without escapes: `u\72l(` is `url(` to some readers.
    for version in (text, _CSS_ESCAPE.sub(_unescaped, text)) if "\\" in text else (text,):
        if "@import" in version.lower():
            raise Refusal("imports a style sheet from outside the file", _HINT)
        found += [_inside(target) for target in _URL.findall(version)]
    return found


def _link(element: str, value: str) -> list[str]:
    if element in _PICTURES and (start := _EMBEDDED.match(value)):
        _check_embedded(value[start.end() :])
        return []
    target = _inside(value)
    return [] if element in _DRAW_NOTHING else [target]


def _inside(target: str) -> str:
    if not target.startswith("#"):
        raise Refusal(f"refers to {quoted(target)}, which is outside the file", _HINT)
    return target[1:]


def _check_embedded(text: str) -> None:
    """A renderer that is given SVG under the name of a PNG draws it: what is in there is looked at as well."""
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refusal("embeds a picture that is not base64", _HINT) from error
    if not data.startswith(_STARTS):
        raise Refusal("embeds a picture that is neither PNG nor JPEG", _HINT)


def _unescaped(found: re.Match[str]) -> str:
    return chr(min(int(found[1], 16), 0x10FFFF)) if found[1] else str(found[2])
