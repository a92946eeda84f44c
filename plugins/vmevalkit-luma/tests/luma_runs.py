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

from vmevalkit_core import InferenceRunner, RunResult
from vmevalkit_core.testing import Simulator

HERE = Path(__file__).resolve().parent
BUCKET, KEY_ID, KEY_SECRET = "pictures", "AKIAOFATEST000000", "secret-of-a-test-0000"
_LISTENS = re.compile(r"unning on (http://127\.0\.0\.1:\d+)")


class Runs:
    """Runs one question again and again, each time as a new process would."""

    def __init__(self, luma: Simulator, model: str, env: Mapping[str, str], frame: Path, output: Path) -> None:
        self.luma, self.frame, self.output = luma, frame, output
        self.model = f"{HERE / 'luma_quick.py'}:{model}"
        self.env = dict(env)

    def once(self, **options: Any) -> RunResult:
        """The result, or UnfinishedRun."""
        data = {"id": "maze_0001", "domain": "maze"}
        with InferenceRunner(output_dir=self.output, experiment="pilot", env=self.env) as runner:
            return runner.run(
                model_name=self.model, image_path=self.frame, text_prompt="Solve it.", question_data=data, **options
            )

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
