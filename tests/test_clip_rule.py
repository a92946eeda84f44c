"""The declared rules of local models: legal sizes, numbers of frames, and what their options refuse."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from vmevalkit_core import ClipRule, LocalOptions, ModelSpec
from vmevalkit_core.attempts import Attempt
from vmevalkit_core.planner.ask import ask_of
from vmevalkit_core.questions import TaskFolder

RULE = ClipRule(
    multiple=32, area=768 * 512, most_pixels=1280 * 768, frame_step=8, most_frames=257, fps=24, first_frame="copy"
)
FIXED = ClipRule(sizes=((512, 320), (320, 512)), frame_base=16, most_frames=16, fps=8, first_frame="generated")


class Options(LocalOptions):
    """Of a model with that rule."""

    rule: ClassVar[ClipRule] = RULE


@pytest.mark.parametrize(("asked", "legal"), [(1, 1), (2, 9), (8, 9), (9, 9), (10, 17), (16, 17), (121, 121)])
def test_frames_are_rounded_up(asked: int, legal: int) -> None:
    """To 8k + 1: a pipeline that rounds down would lose what was asked for."""
    assert RULE.legal_frames(asked) == legal


@given(asked=st.integers(1, 300), step=st.integers(1, 16), base=st.integers(1, 20))
def test_legal_frames_are_the_nearest_above(asked: int, step: int, base: int) -> None:
    """Legal, enough, and not one step too many, for any rule."""
    rule = ClipRule(frame_step=step, frame_base=base, fps=8, first_frame="weak")
    legal = rule.legal_frames(asked)
    assert (legal - base) % step == 0
    assert max(asked, base) <= legal < max(asked, base) + step


@given(width=st.integers(1, 5000), height=st.integers(1, 5000))
def test_any_picture_has_a_legal_size(width: int, height: int) -> None:
    """Within the area, a multiple on both sides."""
    size = RULE.legal_size((width, height))
    assert not RULE.fault(size)
    assert size[0] * size[1] <= 768 * 512


def test_fixed_sizes_are_chosen_by_shape() -> None:
    """The nearest in shape, whatever the area."""
    assert FIXED.legal_size((1000, 600)) == (512, 320)
    assert FIXED.legal_size((90, 160)) == (320, 512)


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ("700x480", "the nearest is 704x480"),
        ("1920x1088", "has more than 983,040 pixels"),
        ("big", "like 768x512"),
        ("0x64", "like 768x512"),
    ],
)
def test_illegal_size_is_refused(size: str, words: str) -> None:
    """Before anything is loaded, with the nearest legal one."""
    with pytest.raises(ValidationError, match=words):
        Options(size=size)


def test_size_asked_for_is_the_only_one() -> None:
    """A question's picture of any shape is brought to it, with bars."""
    geometry = Options(size="768x512").image_rule().geometry((512, 512))
    assert geometry.sent == (768, 512)
    assert geometry.fit == "letterbox"


def test_too_many_frames_are_refused() -> None:
    """A model draws nonsense beyond the length that it was made for."""
    with pytest.raises(ValidationError, match="257 at most"):
        Options(frames=258)


@pytest.mark.parametrize(("given", "fields"), [({"memory": "offload"}, []), ({"dtype": "float32"}, ["option dtype"])])
def test_memory_changes_no_clip(tmp_path: Path, given: dict[str, str], fields: list[str]) -> None:
    """A finished run stays finished when only the memory is another; with other numbers it is another run."""
    spec = ModelSpec(name="drawn", factory="nowhere:Drawn", inputs=())
    then, now = (ask_of(spec, Options, options, None) for options in ({}, given))
    facts = {"options": dict(then.options), "provider_model": "drawn", "inputs": [], "fit": then.fit}
    attempt = Attempt(str(tmp_path), {"provenance": facts})
    task = TaskFolder(str(tmp_path), "maze", "maze_0001")
    assert [change.field for change in now.changes(attempt, task, None)] == fields
