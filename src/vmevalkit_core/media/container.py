"""Tells a whole video file from a cut one by the lengths that its container announces."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from vmevalkit_core.errors import ClipError

_EBML = b"\x1a\x45\xdf\xa3"
_SEGMENT = b"\x18\x53\x80\x67"
_FIRST_BOXES = {b"ftyp", b"styp", b"moov", b"mdat", b"free", b"skip", b"wide", b"sidx"}
_CUT_HINT = "the download or the copy stopped early: fetch the file again"


def container_of(path: Path) -> str:
    """FFmpeg's name of the container, "mp4" or "matroska"; ClipError unless the file is there to its last byte."""
    if not path.is_file():
        raise ClipError(f"there is no file {path.name}")
    size = path.stat().st_size
    if size == 0:
        raise ClipError(f"{path.name} is empty", hint=_CUT_HINT)
    with path.open("rb") as handle:
        kind = _kind(path.name, handle.read(64))
        end = _boxes_end(handle, size) if kind == "mp4" else _segment_end(handle, size)
    # Decoders do not notice a cut in an index or in WebM: they play what is there and call it the end.
    if end > size:
        raise ClipError(f"{path.name} is cut: it has {size} bytes and announces at least {end}", hint=_CUT_HINT)
    return kind


def _kind(name: str, head: bytes) -> str:
    if head.startswith(_EBML):
        return "matroska"
    if head[4:8] in _FIRST_BOXES:
        return "mp4"
    text = head.lstrip().startswith((b"<", b"{", b"["))
    hint = "it holds text: a web page or an error answer was saved as a video" if text else ""
    raise ClipError(f"{name} is not an mp4 or WebM video", hint=hint)


def _boxes_end(handle: BinaryIO, size: int) -> int:
    """Where the last top-level box of an mp4 ends by its own account."""
    end = 0
    while end < size:
        handle.seek(end)
        header = handle.read(16)
        length = int.from_bytes(header[:4], "big")
        if length == 1:
            length = int.from_bytes(header[8:16], "big")
        if length == 0 and len(header) >= 8:
            return size  # the last box may leave its length open: it runs to the end of the file
        end += max(length, 8)
    return end


def _segment_end(handle: BinaryIO, size: int) -> int:
    """Where the Segment of a WebM ends; `size` where it was streamed live and leaves its length open."""
    handle.seek(len(_EBML))
    header = _ebml_length(handle)
    handle.seek(header or 0, 1)
    if handle.read(4) != _SEGMENT:
        # A file cut inside its header has no Segment; one with padding there is left to the decoder.
        return max(size, handle.tell())
    length = _ebml_length(handle)
    return size if length is None else handle.tell() + length


def _ebml_length(handle: BinaryIO) -> int | None:
    """The variable-length number at the cursor: leading zero bits tell its width, all ones mean unknown."""
    first = handle.read(1)
    if not first or not first[0]:
        return None
    width = 9 - first[0].bit_length()
    mask = (1 << 7 * width) - 1
    value = int.from_bytes(first + handle.read(width - 1), "big") & mask
    return None if value == mask else value
