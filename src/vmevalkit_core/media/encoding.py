"""Write an H.264 mp4 from frames, one frame at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import av
from av.container import OutputContainer
from av.video.stream import VideoStream
from PIL import Image

from vmevalkit_core.errors import ClipError
from vmevalkit_core.media.colour import BT709, LIMITED, ToVideo
from vmevalkit_core.media.images import flatten

_SMALL = 320 * 240
"""Pixels up to which one thread encodes faster than several can be started."""


class Pixels(Protocol):
    """A numpy array of shape (height, width, 3) and type uint8, or anything that looks like one."""

    @property
    def __array_interface__(self) -> dict[str, Any]: ...


Frame: TypeAlias = Image.Image | Pixels


def encode_clip(frames: Iterable[Frame], path: str | Path, *, fps: float, crf: int = 18) -> None:
    """Write frames of one size as an H.264 mp4, one at a time, so that any number of them fits in memory.

    The picture is never scaled: an odd width or height gets one more column or row, a copy of the edge. Alpha
    is flattened onto white. Raises ValueError for an fps outside 0.01 to 1000, ClipError for frames that make no
    clip and OSError when the disk refuses; whatever is raised, no half-written file stays.
    """
    rate, path = _rate(fps), Path(path)
    pictures = _even_pictures(frames)
    first = next(pictures, None)
    if first is None:
        raise ClipError(f"{path.name} has no frames", hint="the model returned an empty sequence")
    try:
        _write(chain([first], pictures), path, first.size, rate, crf)
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, av.FFmpegError) and not isinstance(error, OSError):
            raise ClipError(f"{path.name} cannot be encoded: {error.strerror}") from error
        raise


def _rate(fps: float) -> Fraction:
    if not 0.01 <= fps <= 1000:
        raise ValueError(f"fps has to be between 0.01 and 1000, not {fps}")
    # 1001 is the denominator of broadcast rates such as 24000/1001.
    return Fraction(fps).limit_denominator(1001)


def _even_pictures(frames: Iterable[Frame]) -> Iterator[Image.Image]:
    size: tuple[int, int] | None = None
    for index, frame in enumerate(frames):
        picture = _picture(frame, index)
        size = size or picture.size
        if picture.size != size:
            raise ClipError(f"frame {index} is {_by(picture.size)} pixels, the first one is {_by(size)}")
        yield _padded_to_even(picture)


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}"


def _picture(frame: Frame, index: int) -> Image.Image:
    try:
        return flatten(frame if isinstance(frame, Image.Image) else _from_array(frame))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        hint = "a frame is a PIL image or an array of shape (height, width, 3) and type uint8"
        raise ClipError(f"frame {index} is not a picture: {error}", hint=hint) from error


def _from_array(pixels: Pixels) -> Image.Image:
    shape = pixels.__array_interface__["shape"]
    if len(shape) != 3:  # Pillow would take a mere row of numbers for a picture
        raise TypeError(f"an array of shape {shape}")
    return Image.fromarray(pixels)


def _padded_to_even(picture: Image.Image) -> Image.Image:
    """The picture with its last column and row doubled where their number is odd: yuv420p has none such."""
    width, height = picture.size
    if width % 2 == 0 and height % 2 == 0:
        return picture
    padded = Image.new("RGB", (width + width % 2, height + height % 2))
    # Each copy but the last is overwritten save for its edge pixels.
    for offset in ((1, 1), (1, 0), (0, 1), (0, 0)):
        padded.paste(picture, offset)
    return padded


def _write(pictures: Iterator[Image.Image], path: Path, size: tuple[int, int], rate: Fraction, crf: int) -> None:
    to_video = ToVideo()
    # "file:" keeps FFmpeg from reading a colon in the name as a protocol.
    container = av.open(f"file:{path}", "w", format="mp4", options={"movflags": "+faststart"})
    try:
        stream = _h264_stream(container, size, rate, crf)
        for index, picture in enumerate(pictures):
            frame = to_video(picture)
            frame.pts, frame.time_base = index, 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    except BaseException:
        # The first error is the one to report, not what closing a half-written file adds.
        with suppress(Exception):
            container.close()
        raise
    container.close()


def _h264_stream(container: OutputContainer, size: tuple[int, int], rate: Fraction, crf: int) -> VideoStream:
    stream = container.add_stream("libx264", rate=rate, options={"crf": str(crf), "preset": "veryfast"})
    context = stream.codec_context
    context.width, context.height = size
    context.pix_fmt = "yuv420p"
    context.time_base = 1 / rate
    context.color_primaries = context.color_trc = context.colorspace = BT709
    context.color_range = LIMITED
    # A fixed number, not one for each core: the same frames then give the same bytes on every machine.
    context.thread_count = 1 if size[0] * size[1] <= _SMALL else 4
    context.thread_type = "FRAME"
    return stream
