"""RGB to video and back; without the right matrix, colours shift by up to 18 of 255 levels."""

from __future__ import annotations

from typing import cast

import av
from av.video.reformatter import VideoReformatter
from PIL import Image

BT709 = 1
"""FFmpeg's number for the primaries, the transfer and the matrix alike."""
LIMITED, FULL = 1, 2
_BT601 = 5
# The matrices for which swscale has coefficients: BT.709, FCC, BT.601 (twice), SMPTE 240M, BT.2020.
_MATRICES = {1, 4, 5, 6, 7, 9}
# bicubic | full chroma interpolation | accurate rounding: thin coloured lines keep their colour.
# Numbers, because PyAV 14 does not name the flags.
_SCALER = 0x4 | 0x2000 | 0x40000


class ToVideo:
    """Turns RGB pictures into yuv420p frames, BT.709 in limited range; one for each clip."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def __call__(self, picture: Image.Image) -> av.VideoFrame:
        """The frame of a picture in mode RGB of even width and height."""
        return self._reformatter.reformat(
            av.VideoFrame.from_image(picture),  # type: ignore[no-untyped-call]
            format="yuv420p",
            src_colorspace=_BT601,
            dst_colorspace=BT709,
            src_color_range=FULL,
            dst_color_range=LIMITED,
            interpolation=_SCALER,
        )


class ToPicture:
    """Turns decoded frames into RGB pictures of the same size, by the frame's tags or what its size suggests."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def __call__(self, frame: av.VideoFrame) -> Image.Image:
        """The picture of a frame in whatever pixel format."""
        full = frame.color_range == FULL or frame.format.name.startswith("yuvj")
        rgb = self._reformatter.reformat(
            frame,
            format="rgb24",
            src_colorspace=_matrix(frame),
            # Means nothing for RGB, but PyAV 14 ignores the source matrix when both are equal.
            dst_colorspace=_BT601,
            src_color_range=FULL if full else LIMITED,
            dst_color_range=FULL,
            interpolation=_SCALER,
        )
        return cast(Image.Image, rgb.to_image())  # type: ignore[no-untyped-call]


def _matrix(frame: av.VideoFrame) -> int:
    """The YUV matrix of a frame; untagged video is BT.709 from HD size on and BT.601 below, as players take it."""
    if frame.colorspace in _MATRICES:
        return frame.colorspace
    return BT709 if frame.width >= 1280 or frame.height > 576 else _BT601
