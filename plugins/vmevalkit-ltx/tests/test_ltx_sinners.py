"""Generators that break a rule each: the contract of local models has to catch every one of them."""

from __future__ import annotations

import dataclasses
import itertools
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("vmevalkit_ltx")

from ltx_tiny import tiny_ltx

from vmevalkit_core.testing import LocalContract
from vmevalkit_core.testing.studio import Studio

COUNT = itertools.count()


class Contract(LocalContract):
    """Not collected, for its name; its tests are called by hand."""

    model = "ltx-video"
    options: ClassVar[dict[str, Any]] = {"size": "96x64", "frames": 9, "steps": 2}


def own_seed(cls: type[Any]) -> type[Any]:
    """Draws its noise from nowhere."""

    class Sinner(cls):  # type: ignore[misc]
        def render(self, request: Any) -> Any:
            return super().render(dataclasses.replace(request, generator=torch.Generator().manual_seed(next(COUNT))))

    return Sinner


def deaf(cls: type[Any]) -> type[Any]:
    """Encodes every text alike."""

    class Sinner(cls):  # type: ignore[misc]
        def encode_text(self, text: str) -> Any:
            return super().encode_text("the same")

    return Sinner


def silent(cls: type[Any]) -> type[Any]:
    """Never tells how far it is."""

    class Sinner(cls):  # type: ignore[misc]
        def render(self, request: Any) -> Any:
            return super().render(dataclasses.replace(request, step=lambda done, total: None))

    return Sinner


def online(cls: type[Any]) -> type[Any]:
    """Asks the hub whether there is something newer."""

    class Sinner(cls):  # type: ignore[misc]
        def load(self, setup: Any) -> None:
            with socket.socket() as line:
                line.connect(("127.0.0.1", 9))
            super().load(setup)

    return Sinner


def moody(cls: type[Any]) -> type[Any]:
    """Encodes a text otherwise each time, as one does who pads it to its neighbours."""

    class Sinner(cls):  # type: ignore[misc]
        def encode_text(self, text: str) -> Any:
            embeds, mask, tokens = super().encode_text(text)
            return embeds + 0.01 * next(COUNT), mask, tokens

    return Sinner


def stained(cls: type[Any]) -> type[Any]:
    """Draws otherwise once a run has failed."""

    class Sinner(cls):  # type: ignore[misc]
        failed = False

        def render(self, request: Any) -> Any:
            kept, self.failed = self.failed, True
            frames, fps = super().render(request)
            self.failed = kept
            return (255 - frames if kept else frames), fps

    return Sinner


def careless(cls: type[Any]) -> type[Any]:
    """Looks for its weights only when they are needed."""

    class Sinner(cls):  # type: ignore[misc]
        def check(self, options: Any) -> None:
            pass

    return Sinner


def stubborn(cls: type[Any]) -> type[Any]:
    """Says that it goes down with its memory and does not."""

    class Sinner(cls):  # type: ignore[misc]
        def load(self, setup: Any) -> None:
            super().load(dataclasses.replace(setup, memory="full"))
            self._wanted = dataclasses.replace(setup, memory="full")

    return Sinner


SINS: dict[str, Callable[[type[Any]], type[Any]]] = {
    "test_same_seed_same_frames": own_seed,
    "test_prompt_is_looked_at": deaf,
    "test_clip_is_what_was_asked_for": silent,
    "test_network_is_never_used": online,
    "test_prepared_texts_change_nothing": moody,
    "test_one_failure_costs_one_run": stained,
    "test_missing_weights_are_named": careless,
    "test_out_of_memory_is_tried_lower": stubborn,
}
MORE = {"test_network_is_never_used": "monkeypatch", "test_missing_weights_are_named": "tmp_path"}


class SinfulStudio(Studio):
    """Hands out sinners."""

    sin: Callable[[type[Any]], type[Any]]

    def generator(self, change: Callable[[type[Any]], type[Any]] = lambda cls: cls, **env: str) -> Any:
        return super().generator(lambda cls: change(self.sin(cls)), **env)


@pytest.mark.parametrize("test", SINS)
def test_sin_is_caught(test: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the test that is there for it."""
    studio = SinfulStudio("ltx-video", tiny_ltx(tmp_path / "tiny"), Contract.options, tmp_path)
    studio.sin = SINS[test]
    given = {"monkeypatch": monkeypatch, "tmp_path": tmp_path}
    more = [given[MORE[test]]] if test in MORE else []
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        getattr(Contract(), test)(studio, *more)
