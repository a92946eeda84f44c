"""Cuts finished clips back to the question's own frame, each beside its original."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple

from vmevalkit_core import durable
from vmevalkit_core.attempts import UNFIT, Attempt
from vmevalkit_core.errors import ClipError, VmevalError
from vmevalkit_core.geometry import Geometry
from vmevalkit_core.metadata import ClipFacts

BATCH = 256

Result = Literal["written", "there", "same", "impossible"]


class Unfitted(NamedTuple):
    """What became of one clip: `same` has the question's own frame already, `there` was written before."""

    folder: str
    result: Result
    reason: str = ""


def unfit_results(attempts: Iterable[Attempt]) -> Iterator[Unfitted]:
    """Cut the clip of each success back to the question's frame, as `video/unfit_video.mp4` beside it."""
    good = (one for one in attempts if not one.problem and one.status == "success")
    with ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="vmeval-unfit") as pool:
        while batch := list(islice(good, BATCH)):  # `map` alone would list a whole tree first
            yield from pool.map(_unfit, batch)


def _unfit(attempt: Attempt) -> Unfitted:
    from vmevalkit_core.media.unfitting import unfit_clip

    clip, path = Path(attempt.clip_path), Path(attempt.folder, UNFIT)
    if path.is_file():
        return Unfitted(attempt.folder, "there")
    # A name of its own: another command may be at the same clip.
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex}{durable.PART}")
    try:
        facts = attempt.metadata().provenance
        frame = facts.first_frame
        if frame is None:
            return Unfitted(attempt.folder, "impossible", "the model was shown no first frame")
        if _is_own_frame(frame.geometry, facts.clip):
            return Unfitted(attempt.folder, "same")
        unfit_clip(clip, frame.geometry, part)
        durable.land(part, path)
    except (ClipError, ValueError, OSError) as error:
        part.unlink(missing_ok=True)
        reason = error.message if isinstance(error, VmevalError) else str(error)
        return Unfitted(attempt.folder, "impossible", reason)
    return Unfitted(attempt.folder, "written")


def _is_own_frame(geometry: Geometry, clip: ClipFacts | None) -> bool:
    width, height = geometry.source
    even = (width + width % 2, height + height % 2)
    return geometry.is_identity and (clip is None or (clip.width, clip.height) in (geometry.source, even))
