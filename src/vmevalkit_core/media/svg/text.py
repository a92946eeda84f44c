"""Is a file an SVG, and what is its text: byte order marks, declared encodings, gzip."""

from __future__ import annotations

import re
import zlib

from vmevalkit_core.media.svg.refusal import Refusal

HEAD = 16_384
"""Bytes from the start of a file that `is_svg` has to be given to look behind a long comment."""
_GZIP = b"\x1f\x8b"
# The groups are atomic: one that may give back what it matched takes exponential time on `<!---->` repeated.
_FIRST_TAG = re.compile(
    r"(?>\s+|<\?.*?\?>|<!--.*?-->)*+<(?:!DOCTYPE\s+)?(?:[\w.-]+:)?svg(?=[\s/>\[])", re.DOTALL | re.ASCII
)
_DECLARATION = re.compile(r"\s*+<\?xml\s[^>]*\?>")
_DECLARED = re.compile(rb"""\s*+<\?xml\s[^>]*?\bencoding\s*=\s*["']([\w.:-]+)["']""")
# Beside Unicode only these: some of Python's codecs, such as punycode, take quadratic time.
_ENCODINGS = re.compile(r"(us-)?ascii|iso-8859-\d{1,2}|latin-?1|windows-125\d|cp125\d", re.IGNORECASE)


def is_svg(head: bytes) -> bool:
    """True for the first bytes of an SVG, in UTF-8 or UTF-16 and also in gzip, which `draw_svg` then refuses."""
    if head.startswith(_GZIP):
        head = _inflated(head)
    return bool(_FIRST_TAG.match(head.decode(_encoding(head), errors="replace").lstrip("\ufeff")))


def svg_text(data: bytes) -> str:
    """The text of an SVG without byte order mark and XML declaration; Refusal unless it can be decoded.

    The check and each renderer get this one text, so no file can mean one thing to one and another to the other.
    """
    if data.startswith(_GZIP):
        raise Refusal("is an SVG in gzip", "unpack it with gunzip")
    encoding = _encoding(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise Refusal(f"is not text in {encoding.upper()}", "save it in UTF-8") from error
    text = text.removeprefix("\ufeff")
    declaration = _DECLARATION.match(text)
    return text[declaration.end() :] if declaration else text


def _encoding(data: bytes) -> str:
    if data.startswith(b"\xef\xbb\xbf"):
        return "utf-8"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if data.startswith((b"<\0", b"\0<")):
        return "utf-16-le" if data[0] else "utf-16-be"
    found = _DECLARED.match(data[:400])
    name = found[1].decode() if found else ""
    return name if _ENCODINGS.fullmatch(name) else "utf-8"


def _inflated(head: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=31).decompress(head, HEAD)
    except zlib.error:
        return b""
