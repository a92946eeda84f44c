"""A video inside a JSON answer: taken out as the answer comes, so that tens of megabytes are never held or logged."""

from __future__ import annotations

import asyncio
import binascii
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import BinaryIO, Literal

from vmevalkit_core import Answer, LostAnswer

HEAD = 64
"""Characters of a text by which a video is known; no shorter text is one."""
LONGEST = 16 * 1024
"""Characters of any other text that is kept: thoughts and pictures that were echoed are of no use."""
BLOCK = 2**20
"""Bytes that are collected before a thread writes them."""
_MARK = re.compile(rb'\\(?:.|\Z)|"', re.DOTALL)
_ESCAPE = re.compile(rb"\\(?:u00([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_LONGEST_ESCAPE = len(rb"\u0000")
_STANDARD = bytes.maketrans(b"-_", b"+/")
_FIRST_BOXES = {b"ftyp", b"styp", b"moov", b"mdat", b"free", b"skip", b"wide", b"sidx"}
_EBML = b"\x1a\x45\xdf\xa3"


class VideoAhead(Exception):
    """The answer holds a video, and nobody has said yet where to put it."""


class Sieve:
    """Keeps of a JSON answer what is worth keeping; the first video in it goes to a file.

    A video is known by its first bytes, not by the name of its field: other fields hold pictures in the same way.
    Without a file, the first video ends the reading with VideoAhead.
    """

    def __init__(self, file: BinaryIO | None = None) -> None:
        self._file = file
        self._inside = self._escaped = self._found = self._whole = False
        self._kind: Literal["open", "plain", "long", "video"] = "open"
        self._text = bytearray()
        self._decoder = Decoder()
        self._block = bytearray()

    async def __call__(self, chunk: bytes) -> bytes:
        """What is kept of the next piece."""
        kept = self._sifted(chunk)
        if len(self._block) >= BLOCK:
            await self._write()
        return kept

    async def finish(self) -> None:
        """Write what is left; LostAnswer where no whole video came."""
        if not self._whole:
            raise LostAnswer("the answer that held the video does not hold it any more")
        await self._write()

    async def _write(self) -> None:
        block, self._block = bytes(self._block), bytearray()
        if self._file:
            await asyncio.to_thread(self._file.write, block)

    def _sifted(self, chunk: bytes) -> bytes:
        kept, at = bytearray(), 0
        while at < len(chunk):
            end = self._end_of_text(chunk, at) if self._inside else chunk.find(b'"', at)
            end = len(chunk) if end < 0 else end
            if self._inside:
                self._take(chunk[at:end])
                kept += self._close() if end < len(chunk) else b""
            else:
                kept += chunk[at : end + 1]
            if end < len(chunk):
                self._inside = not self._inside
            at = end + 1
        return bytes(kept)

    def _end_of_text(self, chunk: bytes, at: int) -> int:
        """Where the quote is that ends the text; -1 where it is not in this piece."""
        begin, self._escaped = at + self._escaped, False
        for mark in _MARK.finditer(chunk, begin):
            if mark[0] == b'"':
                return mark.start()
            self._escaped = len(mark[0]) == 1
        return -1

    def _take(self, piece: bytes) -> None:
        if self._kind == "video":
            self._block += self._decoder.feed(piece)
        elif self._kind != "long":
            self._text += piece
            self._decide()

    def _decide(self) -> None:
        if self._kind == "open" and len(self._text) >= HEAD:
            self._kind = "video" if not self._found and is_video(bytes(self._text[:HEAD])) else "plain"
            if self._kind == "video":
                self._begin()
        if self._kind == "plain" and len(self._text) > LONGEST:
            self._kind, self._text = "long", bytearray()

    def _begin(self) -> None:
        self._found = True
        if self._file is None:
            raise VideoAhead
        self._block += self._decoder.feed(bytes(self._text))
        self._text.clear()

    def _close(self) -> bytes:
        if self._kind == "video":
            self._block += self._decoder.finish()
            self._whole = True
        kept = bytes(self._text) + b'"'
        self._kind, self._text = "open", bytearray()
        return kept


class Decoder:
    """Bytes out of base64 as it stands in JSON, in pieces of any length: escaped, and in either alphabet."""

    def __init__(self) -> None:
        self._raw, self._clean = b"", b""

    def feed(self, piece: bytes) -> bytes:
        """What can be decoded so far."""
        self._raw += piece
        # An escape may go on in the next piece.
        cut = self._raw.rfind(b"\\", max(0, len(self._raw) - _LONGEST_ESCAPE + 1))
        cut = len(self._raw) if cut < 0 else cut
        self._clean += _unescaped(self._raw[:cut])
        self._raw = self._raw[cut:]
        whole = len(self._clean) // 4 * 4
        ready, self._clean = self._clean[:whole], self._clean[whole:]
        return _decoded(ready)

    def finish(self) -> bytes:
        """What is left, padded where Google did not."""
        rest = self._clean + _unescaped(self._raw)
        self._raw, self._clean = b"", b""
        return _decoded(rest + b"=" * (-len(rest) % 4))


async def save_video(ask: Callable[[Sieve], Awaitable[Answer]], path: Path) -> None:
    """Write the video in the answer of `ask`, which has to pass its body through the sieve, to `path`."""
    file = await asyncio.to_thread(path.open, "wb")
    with file:
        sieve = Sieve(file)
        await ask(sieve)
        await sieve.finish()


def is_video(text: bytes) -> bool:
    """Whether a base64 text begins as the file of a video does."""
    clean = _unescaped(text)
    try:
        head = binascii.a2b_base64(clean[: len(clean) // 4 * 4], strict_mode=True)
    except ValueError:
        return False
    return head[4:8] in _FIRST_BOXES or head.startswith(_EBML)


def _decoded(text: bytes) -> bytes:
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError as error:
        raise LostAnswer("the video in the answer is no base64") from error


def _unescaped(text: bytes) -> bytes:
    plain = _ESCAPE.sub(_plain, text) if b"\\" in text else text
    return plain.translate(_STANDARD, b" \r\n\t")


def _plain(escape: re.Match[bytes]) -> bytes:
    if escape[1]:
        return bytes([int(escape[1], 16)])
    return b"" if escape[2] in b"nrt" else escape[2]
