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


def _unfit(attempt: Attempt) -> Unfitted:
    from vmevalkit_core.media.unfitting import unfit_clip

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
