"""What the end-to-end tests share: one question, run again and again, and a Google account made on the fly."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from vmevalkit_core import InferenceRunner, RunResult
from vmevalkit_core.testing import Simulator


class Runs:
    """Runs one question again and again, each time as a new process would."""

    def __init__(self, vendor: Simulator, model: str, frame: Path, output: Path, env: dict[str, str]) -> None:
        self.vendor, self.model, self.frame, self.output, self.env = vendor, model, frame, output, env
        self.prompt = "Solve it."
        self._before = len(vendor.accepted())

    def once(self, **options: Any) -> RunResult:
        """The result, or UnfinishedRun."""
        data = {"id": "maze_0001", "domain": "maze"}
        with InferenceRunner(output_dir=self.output, experiment="pilot", env=self.env) as runner:
            return runner.run(
                model_name=self.model, image_path=self.frame, text_prompt=self.prompt, question_data=data, **options
            )

    @property
    def posts(self) -> int:
        """How often the paid request came in."""
        return self.vendor.counts().get("submit", 0)

    @property
    def taken(self) -> list[dict[str, Any]]:
        """The jobs that were accepted since."""
        return self.vendor.accepted()[self._before :]

    @property
    def record(self) -> dict[str, Any]:
        """The newest record."""
        return dict(json.loads(max(self.output.rglob("metadata.json"), key=os.path.getmtime).read_text()))

    @property
    def everything(self) -> bytes:
        """Every byte of every file that the runs left, pictures and videos included."""
        return b"\n".join(path.read_bytes() for path in self.output.rglob("*") if path.is_file())


def account_file(path: Path, vendor: Simulator, *, lives: int = 3600, name: str = "runner@project.example") -> Path:
    """The file of a service account that gets its tokens, of so many seconds, from the simulator."""
    account = {
        "type": "service_account",
        "project_id": "project-1",
        "private_key_id": "1",
        "private_key": private_key(),
        "client_email": name,
        "client_id": "1",
        "token_uri": f"{vendor.url}/token?lives={lives}",
    }
    path.write_text(json.dumps(account))
    return path


def foreign_account_file(path: Path, vendor: Simulator, *, payer: str) -> Path:
    """The file of an account of another house, whose token Google exchanges; `payer` is the project for its quota."""
    theirs = path.with_name("theirs.txt")
    theirs.write_text("token-of-another-house")
    account = {
        "type": "external_account",
        "audience": "//iam.googleapis.com/locations/global/workforcePools/a/providers/b",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"{vendor.url}/sts",
        "credential_source": {"file": str(theirs)},
        "quota_project_id": payer,
    }
    path.write_text(json.dumps(account))
    return path


@cache
def private_key() -> str:
    """A key of our own, in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(*pem).decode()
