"""One question, run again and again against a simulated Luma; and a bucket on loopback."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from vmevalkit_core import InferenceRunner, RunResult, UnfinishedRun
from vmevalkit_core.testing import FAULTS, Simulator

HERE = Path(__file__).resolve().parent
BUCKET, KEY_ID, KEY_SECRET = "pictures", "AKIAOFATEST000000", "secret-of-a-test-0000"
_LISTENS = re.compile(r"unning on (http://127\.0\.0\.1:\d+)")


HANGS = {"silent", "lost-silent", "lost-late", "cut-stalled", "drip", "drip-head", "endless", "endless-head", "huge"}
"""Faults of a submit that only a time-out ends."""
_ENDLESS = ("never-ends", "never-starts", "crowded")
"""After `crowded` Luma asks for a minute of patience."""
FAULTY = [name for name, fault in FAULTS.items() if "submit" in fault.phases and name not in _ENDLESS]
"""Faults of a submit that a test can wait for."""


class Runs:
    """Runs one question again and again, each time as a new process would."""

    def __init__(self, luma: Simulator, api: str, env: Mapping[str, str], frame: Path, output: Path) -> None:
        self.luma, self.frame, self.output = luma, frame, output
        self.model, self.hasty = (f"{HERE / 'luma_quick.py'}:{manner}{api}" for manner in ("Quick", "Hasty"))
        self.env = dict(env)

    def once(self, fault: str = "", **options: Any) -> RunResult:
        """The result, or UnfinishedRun; `fault` is what the submit meets."""
        data = {"id": "maze_0001", "domain": "maze"}
        model = self.hasty if fault in HANGS or fault == "closed" or fault.startswith("lost-") else self.model
        with InferenceRunner(output_dir=self.output, experiment="pilot", env=self.env) as runner:
            return runner.run(
                model_name=model, image_path=self.frame, text_prompt="Solve it.", question_data=data, **options
            )

    def twice(self, fault: str) -> list[str]:
        """How two commands end, of which the first meets a fault of the submit once."""
        self.luma.script({"phase": "submit", "fault": fault, "times": 1})
        ends: list[str] = []
        for _ in range(2):
            try:
                ends.append(str(self.once(fault)["status"]))
            except UnfinishedRun as error:
                ends.append(error.status)
        return ends

    @property
    def posts(self) -> int:
        """How often the paid request came in."""
        return self.luma.counts().get("submit", 0)

    @property
    def record(self) -> dict[str, Any]:
        """The newest record."""
        return dict(json.loads(max(self.output.rglob("metadata.json"), key=os.path.getmtime).read_text()))

    def texts(self) -> str:
        """Everything that stands in the output tree as text."""
        return "\n".join(
            path.read_bytes().decode(errors="replace") for path in self.output.rglob("*") if path.is_file()
        )


@contextmanager
def bucket(folder: Path) -> Iterator[str]:
    """The address of a store with the bucket `pictures`; it compares signatures and lets links expire."""
    pytest.importorskip("boto3")
    pytest.importorskip("nanio")
    (folder / BUCKET).mkdir(parents=True)
    line = [sys.executable, "-m", "uvicorn", "nanio.app:build_app", "--factory", "--host", "127.0.0.1", "--port", "0"]
    line.append("--no-access-log")  # nobody reads on, and a full pipe would stop the store
    env = {"NANIO_DATA_DIR": str(folder), "NANIO_ACCESS_KEY": KEY_ID, "NANIO_SECRET_KEY": KEY_SECRET}
    with subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **env}
    ) as process:
        assert process.stdout
        try:
            found = next(found for words in process.stdout if (found := _LISTENS.search(words)))
            yield found[1]
        finally:
            process.terminate()
            process.stdout.read()


def storage_env(url: str) -> dict[str, str]:
    """What a user of the bucket sets."""
    keys = {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": KEY_SECRET}
    return {"S3_BUCKET": BUCKET, "AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL_S3": url, **keys}
