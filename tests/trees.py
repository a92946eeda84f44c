"""What two trees have in common when only times, ids and attempts differ."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from vmevalkit_core.attempts import find_attempts

OWN = {
    "inference": {"run_id", "timestamp", "duration_seconds", "attempts"},
    "output": {"generation_id", "video_url", "video_path"},
    "provenance": {"token", "intent", "submission", "job_seconds"},
}
"""What is of one attempt only: times, ids, durations, links. The rest is what was asked and what came of it."""


def plain_tree(experiment: Path) -> dict[str, Any]:
    """Each attempt by its run: every file in its folder by hash, and its record without what is its own."""
    found: dict[str, Any] = {}
    for one in find_attempts(experiment):
        folder = Path(one.folder)
        key = f"{folder.parent.relative_to(experiment)}/{one.sample}"
        assert key not in found, f"{key} was attempted twice"
        files = {str(path.relative_to(folder)): _hash(path) for path in folder.rglob("*") if path.is_file()}
        del files["metadata.json"]
        found[key] = {"files": files, "record": _plain_record(one.data, folder)}
    return found


def tree_hash(experiment: Path) -> str:
    """The same as one hash."""
    return hashlib.sha256(json.dumps(plain_tree(experiment), sort_keys=True).encode()).hexdigest()


def _plain_record(data: dict[str, Any], folder: Path) -> dict[str, Any]:
    kept = {
        section: {name: value for name, value in values.items() if name not in OWN.get(section, ())}
        for section, values in data.items()
    }
    assert kept.pop("paths").keys() == {"inference_dir", "video_dir", "question_dir"}
    assert str(data["output"]["video_path"]).endswith(f"/{folder.name}/video/generated_video.mp4")
    return kept


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
