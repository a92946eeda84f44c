"""The contract of local models, kept by the smallest of the family."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")

import torch
from crafter_files import quick_config, quick_folder, tiny_release

from vmevalkit_core.testing import LocalContract
from vmevalkit_core.testing.studio import Studio
from vmevalkit_crafter.config import RELEASED


class TestDynamiCrafter256(LocalContract):
    model = "dynamicrafter-256"
    options: ClassVar[dict[str, object]] = {"steps": 2, "guidance": 1.0}

    def tiny_weights(self, folder: Path) -> Path:
        return quick_folder(folder, self.model)

    def test_long_prompt_is_told(self, studio: Studio, caplog: pytest.LogCaptureFixture) -> None:
        """What CLIP does not read is not dropped silently."""
        facts = studio.clips([studio.request("word " * 100)])[0].extras["local"]
        assert (facts["prompt_tokens"], facts["prompt_tokens_cut"]) == (102, 25)
        assert "does not read the last 25 tokens" in caplog.text

    def test_released_file_itself_will_do(self, studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
        """Named by its path; it gives the frames of the folder that was converted from it."""
        small = {name: quick_config(name) for name in RELEASED}
        for module in ("checkpoint", "model_file"):
            monkeypatch.setattr(f"vmevalkit_crafter.{module}.RELEASED", small)
        file = studio.folder / "released.ckpt"
        torch.save({"state_dict": tiny_release(self.model, small[self.model])}, file)
        ours, theirs = studio.clips([studio.request(), studio.request(weights=str(file))])
        assert theirs.extras["local"]["weights"] == str(file)
        assert studio.frames(ours) == studio.frames(theirs)

    def test_only_guidance_needs_a_negative_prompt(self, studio: Studio) -> None:
        """Without any it is not encoded, and with two scales it is."""
        generator, known = studio.generator(), studio.options_class
        assert generator.texts("go", known()) == ("go", "")
        assert generator.texts("go", known(guidance=1)) == ("go",)
        assert generator.texts("go", known(guidance=1, image_guidance=2)) == ("go", "")
