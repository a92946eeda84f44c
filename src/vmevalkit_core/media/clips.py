"""Videos: write an mp4 from frames, check that a file decodes to its last frame, read frames back.

Everything here blocks; call it from a thread.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream
from PIL import Image

from vmevalkit_core.errors import ClipError
from vmevalkit_core.media.colour import ToPicture
from vmevalkit_core.media.container import container_of
from vmevalkit_core.media.encoding import Frame, encode_clip

__all__ = ["ClipInfo", "Frame", "check_clip", "encode_clip", "read_frames"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipInfo:
    """What a decode of every frame found."""

    width: int
    """Pixels of the first frame."""
    height: int
    frames: int
    """Frames that a player shows."""
    fps: float
    """Frames for each second; the average where they are unevenly spaced."""
    seconds: float
    """From the start of the first frame to the end of the last."""
    codec: str
    """FFmpeg's name of the codec, such as "h264"."""
    sha256: str
    size: int
    """Bytes of the file."""


def check_clip(path: str | Path) -> ClipInfo:
    """Decode a file to its last frame and measure it; ClipError, and nothing else, unless it is a whole video.

    A cut is told by the lengths that the container announces; a WebM that was streamed live announces none.
    """
    path = Path(path)
    with _only_clip_errors(path), _opened(path) as (container, stream):
        shown = _shown(container, stream)
        _compare_with_announced(path, shown.frames, stream.frames)
        with path.open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
        fps = float(stream.average_rate or stream.guessed_rate or 1)
        return ClipInfo(
            width=shown.width,
            height=shown.height,
            frames=shown.frames,
            fps=fps,
            seconds=shown.span + 1 / fps,
            codec=av.Codec(stream.codec_context.name, "r").canonical_name,
            sha256=digest,
            size=path.stat().st_size,
        )


def read_frames(path: str | Path) -> Iterator[Image.Image]:
    """Each frame as an RGB picture, in the order shown; ClipError where the file is cut or damaged."""
    path = Path(path)
    to_picture = ToPicture()
    with _only_clip_errors(path), _opened(path) as (container, stream):
        for frame in _decoded(container, stream):
            yield to_picture(frame)


@dataclass(slots=True)
class _Shown:
    """The frames decoded so far; `span` is the seconds between the first and the last."""

    width: int = 0
    height: int = 0
    frames: int = 0
    span: float = 0.0


def _shown(container: InputContainer, stream: VideoStream) -> _Shown:
    shown, start = _Shown(), None
    for frame in _decoded(container, stream):
        if start is None:
            shown.width, shown.height, start = frame.width, frame.height, frame.time or 0.0
        shown.frames += 1
        shown.span = (frame.time or start) - start
    return shown


def _compare_with_announced(path: Path, decoded: int, announced: int) -> None:
    if not decoded:
        raise ClipError(f"{path.name} has no frames")
    if announced in {0, decoded}:  # WebM and fragmented mp4 announce no number
        return
    # An edit list may hide whole frames of a trimmed clip from players: count again with the hidden ones.
    with _opened(path, ignore_editlist="1") as (container, stream):
        stored = sum(1 for _ in _decoded(container, stream))
    if stored != announced:
        raise ClipError(f"{path.name} has {decoded} frames and announces {announced}")


@contextmanager
def _only_clip_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except ClipError:
        raise
    except Exception as error:  # damaged bytes surface as almost any kind of error
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise ClipError(f"{path.name} cannot be decoded: {reason}") from error


@contextmanager
def _opened(path: Path, **options: str) -> Iterator[tuple[InputContainer, VideoStream]]:
    # The format is given, so no playlist disguised as a video makes FFmpeg open other files or addresses.
    with av.open(f"file:{path}", "r", format=container_of(path), options=options) as container:
        stream = container.streams.best("video")
        if not isinstance(stream, VideoStream):
            raise ClipError(f"{path.name} has no video stream")
        # Slice threads can wait for each other for ever on damaged HEVC, and frame threads lose errors.
        stream.codec_context.thread_count = 1
        yield container, stream


def _decoded(container: InputContainer, stream: VideoStream) -> Iterator[av.VideoFrame]:
    count = 0
    for packet in container.demux(stream):
        for frame in packet.decode():
            if frame.is_corrupt:
                raise ClipError(f"frame {count} is damaged")
            count += 1
            yield frame
        if packet.is_corrupt:
            raise ClipError(f"the data after frame {count} is damaged")
