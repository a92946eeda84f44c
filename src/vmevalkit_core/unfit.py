"""Cuts finished clips back to the question's own frame, each beside its original."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal, NamedTuple

from vmevalkit_core import durable
from vmevalkit_core.attempts import UNFIT, Attempt
from vmevalkit_core.errors import ClipError, VmevalError
from vmevalkit_core.geometry import Geometry

CRF = 10
"""Quality of the second encoding: its loss is a small part of the first one's, at about twice the size."""
Result = Literal["written", "there", "same", "impossible"]


class Unfitted(NamedTuple):
    """What became of one clip: `same` has the question's own frame already, `there` was written before."""

    folder: str
    result: Result
    reason: str = ""


def unfit_results(attempts: Iterable[Attempt]) -> Iterator[Unfitted]:
    """Cut the clip of each success back to the question's frame, as `video/unfit_video.mp4` beside it."""
    with ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="vmeval-unfit") as pool:
        yield from pool.map(_unfit, (one for one in attempts if not one.problem and one.status == "success"))


def unfit_clip(clip: Path, geometry: Geometry, path: Path) -> None:
    """Write the clip cut back to the question's own frame; ValueError when it shows something else than was sent.

    A question of odd sides gets one more column or row, a copy of the edge: H.264 has no odd sides.
    """
    from vmevalkit_core.media.clips import check_clip, encode_clip, read_frames
    from vmevalkit_core.media.fitting import unfit_frame

    info = check_clip(clip)
    here = geometry.in_clip((info.width, info.height))
    frames = (unfit_frame(frame, here) for frame in read_frames(clip))
    encode_clip(frames, path, fps=info.fps, crf=CRF)


def _unfit(attempt: Attempt) -> Unfitted:
    clip, path = Path(attempt.clip_path), Path(attempt.folder, UNFIT)
    if path.is_file():
        return Unfitted(attempt.folder, "there")
    part = path.with_name(path.name + durable.PART)
    try:
        frame = attempt.metadata().provenance.first_frame
        if frame is None:
            return Unfitted(attempt.folder, "impossible", "the model was shown no first frame")
        if frame.geometry.is_identity:
            return Unfitted(attempt.folder, "same")
        unfit_clip(clip, frame.geometry, part)
        durable.land(part, path)
    except (ClipError, ValueError, OSError) as error:
        part.unlink(missing_ok=True)
        reason = error.message if isinstance(error, VmevalError) else str(error)
        return Unfitted(attempt.folder, "impossible", reason)
    return Unfitted(attempt.folder, "written")
