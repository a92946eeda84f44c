"""`models show`: options and pictures in words."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, create_model

from vmevalkit_core import ImageRule, Options, Unit
from vmevalkit_core.terminal.fields import option_rows
from vmevalkit_core.terminal.pictures import in_words


class Grade(Enum):
    LOW = "low"
    HIGH = "high"


@pytest.mark.parametrize(
    ("kind", "default", "words"),
    [
        pytest.param(Annotated[float, Unit("s")], Field(2.0, ge=0.1, le=60.0), "number 2 0.1 to 60 s", id="bounds"),
        pytest.param(Annotated[float, Unit("s")], 0.5, "number 0.5 in s", id="unit alone"),
        pytest.param(
            Annotated[int | None, Unit("px")], Field(None, ge=8), "integer or none none 8 px or more", id="none"
        ),
        pytest.param(int, Field(8, multiple_of=8, le=64), "integer 8 64 or less, multiple of 8", id="multiple"),
        pytest.param(float, Field(0.5, gt=0, lt=1), "number 0.5 above 0, below 1", id="open bounds"),
        pytest.param(Literal["a", "b"], "a", "choice a a | b", id="literal"),
        pytest.param(Annotated[Literal[5, 10], Unit("s")], 5, "choice 5 5 | 10 s", id="literal with unit"),
        pytest.param(Grade, Grade.LOW, "choice low low | high", id="enum"),
        pytest.param(str, Field("", max_length=9, pattern="^a"), 'text "" 9 characters at most, like ^a', id="text"),
        pytest.param(list[int], Field([], min_length=1, max_length=3), "list of integers empty 1 to 3 values", id="ls"),
        pytest.param(bool, True, "true or false true -", id="bool"),
        pytest.param(int, Field(...), "integer required -", id="required"),
    ],
)
def test_option_is_told_in_words(kind: Any, default: Any, words: str) -> None:
    """Type, default, legal values with their unit."""
    ((name, *told),) = option_rows(create_model("Some", __base__=Options, size=(kind, default)).model_json_schema())
    assert (name, " ".join(told).strip()) == ("size", words)


@pytest.mark.parametrize(
    ("rule", "size", "file"),
    [
        pytest.param({}, "in its own size", "PNG, JPEG or WebP; transparent pixels become white", id="any"),
        pytest.param(
            {"sizes": [(1280, 720), (720, 1280)], "formats": ["image/jpeg"], "max_bytes": 10 * 2**20},
            "1280 x 720 or 720 x 1280 pixels; whole, with black bars",
            "JPEG, at most 10 MiB; transparent pixels become white",
            id="sizes",
        ),
        pytest.param(
            {"ratios": [(16, 9)], "multiple": 8, "fit": "crop", "formats": ["image/png"], "background": "grey"},
            "16:9, sides multiples of 8; the middle of it, without bars",
            "PNG; transparent pixels become grey",
            id="ratio",
        ),
        pytest.param(
            {"area": 921600, "fit": "stretch", "formats": ["image/webp"], "max_bytes": 5_000_000},
            "scaled to 921,600 pixels at most; whole and distorted",
            "WebP, at most 5 MB; transparent pixels become white",
            id="area",
        ),
        pytest.param(
            {"multiple": 16, "fit": "exact", "formats": ["image/png"], "max_bytes": 1001},
            "in its own scale, sides multiples of 16; refused unless it is of that size already",
            "PNG, at most 1,001 bytes; transparent pixels become white",
            id="multiple",
        ),
    ],
)
def test_picture_rule_is_told_in_words(rule: dict[str, Any], size: str, file: str) -> None:
    """What becomes of a question's picture, and in what file it is sent."""
    assert in_words(ImageRule(**rule)) == [size, file]


MODELS = """
from decimal import Decimal
from vmevalkit_core import Options

class Asks(Options):
    take: int

class Breaks(Options):
    def price(self):
        raise OSError("no price list")
    def image_rule(self):
        raise OSError("no rule")
"""


@pytest.mark.parametrize(
    ("options", "words"), [("Asks", "depends on the options"), ("Breaks", "no rule")], ids=["required", "raises"]
)
def test_model_is_shown_though_its_options_cannot_be_made(vmeval: Any, tmp_path: Any, options: str, words: str) -> None:
    """Price and picture say why they are not known."""
    spec = f'ModelSpec(name="odd", factory="x:Y", options="odd:{options}", kind="api")'
    model = f"from vmevalkit_core import ModelSpec\n\nclass Odd:\n    spec = {spec}\n    async def generate(self): 1\n"
    (tmp_path / "odd.py").write_text(MODELS + model)
    done = vmeval("models", "show", f"{tmp_path}/odd.py:Odd")
    assert (done.returncode, words in done.stdout, "price" in done.stdout) == (0, True, True)
