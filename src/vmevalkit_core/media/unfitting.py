"""A clip, cut back to the question's own frame."""

from __future__ import annotations

from pathlib import Path

from vmevalkit_core.geometry import Geometry
from vmevalkit_core.media.clips import check_clip, encode_clip, read_frames
from vmevalkit_core.media.fitting import unfit_frame

CRF = 10
"""Quality of the second encoding: its loss is a small part of the first one's, at about twice the size."""


def unfit_clip(clip: str | Path, geometry: Geometry, path: str | Path) -> None:
    """Write a clip cut back to the question's own frame; `geometry` is that of the picture that was sent.

    A question of odd sides gets one more column or row, a copy of the edge: H.264 has no odd sides. ValueError when
    the clip has another shape than what was sent, ClipError when it is not whole.
    """
    info = check_clip(clip)
    here = geometry.in_clip((info.width, info.height))
    frames = (unfit_frame(frame, here) for frame in read_frames(clip))
    encode_clip(frames, path, fps=info.fps, crf=CRF)
