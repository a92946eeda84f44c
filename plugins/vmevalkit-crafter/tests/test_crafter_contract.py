"""The contract of local models, kept by the smallest of the family."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")

from crafter_files import quick_folder

from vmevalkit_core.testing import LocalContract


class TestDynamiCrafter256(LocalContract):
    model = "dynamicrafter-256"
    options: ClassVar[dict[str, object]] = {"steps": 2, "guidance": 1.0}

    def tiny_weights(self, folder: Path) -> Path:
        return quick_folder(folder, self.model)
