"""Whether what the records of an output tree claim is true."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from vmevalkit_core.attempts import LIVE, QUESTION, UNFIT, VIDEO, Attempt, attempts_at
from vmevalkit_core.errors import ClipError
from vmevalkit_core.metadata import RunMetadata
from vmevalkit_core.questions import SHOWN_FILES
from vmevalkit_core.store import clip_parts

BATCH = 256


class Finding(NamedTuple):
    """Something about a run folder that is not as it should be."""

    folder: str
    problem: str


@dataclass(slots=True)
class Verdict:
    """What `validate` found."""

    checked: int = 0
    clips: int = 0
    unfinished: int = 0
    findings: list[Finding] = field(default_factory=list)


def validate(path: str | Path) -> Verdict:
    """Every record, question copy and clip at or below a folder, read, hashed and decoded to the last frame."""
    verdict = Verdict()
    attempts = attempts_at(path)
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        while batch := list(islice(attempts, BATCH)):  # `map` alone would list a whole tree first
            for attempt, problems in zip(batch, pool.map(problems_of, batch), strict=True):
                verdict.checked += 1
                verdict.clips += not attempt.problem and attempt.status == "success" and attempt.has_clip()
                verdict.unfinished += not attempt.problem and attempt.status in LIVE
                verdict.findings += [Finding(attempt.folder, problem) for problem in problems]
    return verdict


def problems_of(attempt: Attempt) -> list[str]:
    """What is wrong with one run folder; empty when it is whole."""
    if attempt.problem:
        return [attempt.problem]
    try:
        metadata = attempt.metadata()
    except ValidationError as error:
        first = error.errors()[0]
        return [f"metadata.json: {'.'.join(map(str, first['loc']))}: {first['msg']}"]
    return [*_record_problems(attempt, metadata), *_question_problems(attempt, metadata), *clip_problems(attempt)]


def clip_problems(attempt: Attempt) -> Iterator[str]:
    """What is wrong with the video of a run, decoded to its last frame, and beside it."""
    succeeded = attempt.status == "success"
    for part in clip_parts(Path(attempt.folder)) if attempt.status not in LIVE else ():
        yield f"{part.name} was left behind"
    if (succeeded or os.path.exists(attempt.clip_path)) and (problem := clip_problem(attempt)):
        yield problem
    if os.path.exists(unfit := f"{attempt.folder}{os.sep}{UNFIT}") and (problem := undecodable(unfit)):
        yield f"{UNFIT}: {problem}"


def clip_problem(attempt: Attempt) -> str | None:
    """What is wrong with the video itself: it does not decode, or it is not the one on record."""
    if problem := undecodable(attempt.clip_path):
        return f"{VIDEO}: {problem}"
    with open(attempt.clip_path, "rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    recorded = attempt.provenance.get("clip") or {}
    if attempt.status == "success" and recorded.get("sha256") != digest:
        return f"{VIDEO} is not the file that was recorded (sha256 {digest[:12]})"
    return None


def undecodable(path: str) -> str:
    """Why a video does not decode to its last frame; empty when it does."""
    from vmevalkit_core.media.clips import check_clip

    try:
        check_clip(path)
    except ClipError as error:
        return error.message
    return ""


def _record_problems(attempt: Attempt, metadata: RunMetadata) -> Iterator[str]:
    if metadata.inference.run_id != attempt.run_id:
        yield f"metadata.json is of {metadata.inference.run_id}"
    if metadata.inference.status == "success" and metadata.provenance.clip is None:
        yield "metadata.json calls it a success without facts about a clip"


def _question_problems(attempt: Attempt, metadata: RunMetadata) -> Iterator[str]:
    facts = metadata.provenance
    hashes = {"prompt": facts.prompt_sha256}
    hashes |= {
        name: frame.source_sha256
        for name in ("first_frame", "final_frame")
        if (frame := getattr(facts, name)) is not None
    }
    for name, recorded in hashes.items():
        path = Path(attempt.folder, QUESTION, SHOWN_FILES[name])
        if not path.is_file():
            yield f"{QUESTION}/{path.name} is missing"
        elif hashlib.sha256(path.read_bytes()).hexdigest() != recorded:
            yield f"{QUESTION}/{path.name} is not what the model was shown"
