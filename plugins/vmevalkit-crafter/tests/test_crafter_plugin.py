"""The six models and their options: what the authors give, and what each is shown."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from vmevalkit_core import ModelSpec
from vmevalkit_crafter import options as options_of
from vmevalkit_crafter.options import CrafterOptions
from vmevalkit_crafter.plugin import vmeval_models

HEAVY = {"torch", "diffusers", "transformers", "safetensors", "numpy", "PIL", "pydantic", "ftfy"}
SPECS = {spec.name: spec for spec in vmeval_models()}


def options(name: str) -> type[CrafterOptions]:
    """The options class of a model."""
    found: type[CrafterOptions] = getattr(options_of, SPECS[name].options.partition(":")[2])
    return found


def test_listing_imports_nothing_heavy() -> None:
    """Not even pydantic."""
    code = "import sys; from vmevalkit_crafter.plugin import vmeval_models; list(vmeval_models()); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert HEAVY.isdisjoint(loaded)


def test_six_models_are_offered() -> None:
    """By the names that the authors' releases have."""
    assert list(SPECS) == [
        "dynamicrafter-256",
        "dynamicrafter-512",
        "dynamicrafter-1024",
        "dynamicrafter-512-interp",
        "videocrafter1-i2v-512",
        "videocrafter2-512",
    ]


def test_model_without_a_picture_says_so() -> None:
    """Its spec, and the sentence that a user reads."""
    spec = SPECS["videocrafter2-512"]
    assert spec.inputs == ("prompt",)
    assert "no input for a picture" in spec.description
    assert options("videocrafter2-512").rule.first_frame == "none"


def test_model_that_sees_the_solution_says_so() -> None:
    """It draws towards the final frame."""
    assert [spec.name for spec in SPECS.values() if spec.sees_solution] == ["dynamicrafter-512-interp"]
    assert "the solution" in SPECS["dynamicrafter-512-interp"].description


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_generator_and_weights_belong_to_the_model(spec: ModelSpec) -> None:
    """The repository that the spec names is the one whose weights are looked for."""
    from vmevalkit_crafter import generator

    found = getattr(generator, spec.factory.partition(":")[2])
    assert found.options is options(spec.name)
    assert found.weights.repo == spec.provider_model
    assert spec.runs_in == "process"


@pytest.mark.parametrize(
    ("name", "told", "size", "fps"),
    [
        ("dynamicrafter-256", 3, (256, 256), 8),
        ("dynamicrafter-512", 24, (512, 320), 8),
        ("dynamicrafter-1024", 10, (1024, 576), 8),
        ("dynamicrafter-512-interp", 5, (512, 320), 8),
        ("videocrafter1-i2v-512", 8, (512, 320), 10),
        ("videocrafter2-512", 28, (512, 320), 10),
    ],
)
def test_defaults_are_the_authors(name: str, told: int, size: tuple[int, int], fps: float) -> None:
    """Of their scripts."""
    chosen = options(name)()
    assert (chosen.told_number, chosen.fps, chosen.frames, chosen.steps, chosen.eta) == (told, fps, 16, 50, 1.0)
    assert chosen.image_rule().sizes == (size,)
    assert chosen.image_rule().fit == "letterbox"
    assert chosen.guidance == (7.5 if name.startswith("dynami") else 12.0)
    trailing = name.startswith("dynami") and not name.endswith("256")
    assert (chosen.spacing, chosen.guidance_rescale) == (("uniform_trailing", 0.7) if trailing else ("uniform", 0.0))
    assert chosen.price() == Decimal(0)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("dynamicrafter-256", {"frame_stride": 7}),
        ("dynamicrafter-256", {"motion_fps": 24}),
        ("dynamicrafter-512", {"motion_fps": 14}),
        ("dynamicrafter-1024", {"motion_fps": 16}),
        ("dynamicrafter-512-interp", {"motion_fps": 4}),
        ("dynamicrafter-512", {"frames": 17}),
        ("dynamicrafter-512", {"size": "256x256"}),
        ("dynamicrafter-512", {"eta": 1.1}),
        ("dynamicrafter-512", {"steps": 1}),
        ("videocrafter2-512", {"image_guidance": 2.0}),
        ("videocrafter2-512", {"fit": "crop"}),
    ],
    ids=str,
)
def test_wrong_options_are_refused(name: str, wrong: dict[str, Any]) -> None:
    """By each model's own meaning and range."""
    with pytest.raises(ValidationError):
        options(name).model_validate(wrong)


@pytest.mark.parametrize("name", SPECS)
def test_every_option_is_documented(name: str) -> None:
    """`vmeval models show` shows it."""
    assert all(field.description for field in options(name).model_fields.values())


def test_wide_picture_can_be_cropped_as_the_authors_do() -> None:
    """`fit=crop` fills the frame from the middle; the default keeps the puzzle whole."""
    rule = options("dynamicrafter-512").model_validate({"fit": "crop"}).image_rule()
    assert rule.geometry((1024, 512)).shown_box == pytest.approx((102.4, 0, 921.6, 512))
    whole = options("dynamicrafter-512")().image_rule().geometry((512, 512))
    assert whole.placed_box == pytest.approx((96, 0, 416, 320))
