"""The parts of which the base of local models is made, without torch."""

from __future__ import annotations

import asyncio
import threading
from contextlib import AsyncExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from vmevalkit_core import ModelError, check_clip
from vmevalkit_core.generator.frames import on_cpu
from vmevalkit_core.generator.memory import is_out_of_memory, steps
from vmevalkit_core.generator.texts import Texts
from vmevalkit_core.generator.writer import WAITING, Writer


class Encoder:
    """Counts, and breaks at a word."""

    def __init__(self, at_once: int = 4) -> None:
        self.log: list[str] = []
        self.texts = Texts(lambda: self.log.append("load"), self.encode, lambda: self.log.append("free"), at_once)

    def encode(self, text: str) -> str:
        self.log.append(text)
        if text == "bad":
            raise MemoryError
        return text.upper()


def test_coming_texts_are_encoded_together() -> None:
    """Each once, with one load of the encoder, which is freed afterwards."""
    encoder = Encoder()
    encoder.texts.expect(["a", "b", "a", "no"])
    assert [encoder.texts.of([text, "no"])[text] for text in ("a", "b", "a")] == ["A", "B", "A"]
    assert encoder.log == ["load", "a", "no", "b", "free"]


def test_more_texts_than_memory_come_in_parts() -> None:
    """No text is encoded twice as long as they are asked for in the order that was told."""
    encoder = Encoder(at_once=3)
    names = [f"t{number}" for number in range(7)]
    encoder.texts.expect(names)
    for name in names:
        encoder.texts.of([name, "no"])
    assert [encoder.log.count(name) for name in names] == [1] * 7
    assert encoder.texts.loads == 4  # 2 + 2 + 2 + 1, with "no" kept beside them


def test_encoder_is_freed_when_it_breaks() -> None:
    """The memory is needed for the next try."""
    encoder = Encoder()
    with pytest.raises(MemoryError):
        encoder.texts.of(["bad"])
    assert encoder.log[-1] == "free"
    assert encoder.texts.of(["good"]) == {"good": "GOOD"}


@pytest.mark.parametrize(
    ("error", "is_one"),
    [
        (type("OutOfMemoryError", (RuntimeError,), {})("x"), True),
        (MemoryError(), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"), True),
        (RuntimeError("shape mismatch"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_lack_of_memory_is_recognized(error: Exception, is_one: bool) -> None:
    """By what torch raises on each kind of device; nothing else is tried again."""
    assert is_out_of_memory(error) is is_one


def test_chosen_memory_is_kept() -> None:
    """Only `auto` goes down by itself."""
    assert [steps(memory) for memory in ("auto", "full", "offload")] == [("full", "offload"), ("full",), ("offload",)]


def frames(number: int, width: int = 64, height: int = 48) -> Any:
    """Grey frames."""
    return np.full((number, height, width, 3), 128, np.uint8)


def test_surplus_frames_are_cut() -> None:
    """Nine were drawn, seven were asked for."""
    assert on_cpu(frames(9), 7, (64, 48)).shape == (7, 48, 64, 3)


@pytest.mark.parametrize(
    ("drawn", "words"),
    [
        (frames(3), "drew 3 frames and was asked for 7"),
        (frames(9, width=32), "drew 32 x 48 pixels and was asked for 64 x 48"),
        (frames(9).astype(np.float32), "instead of uint8"),
        ([1, 2], "instead of uint8"),
        (None, "instead of uint8"),
    ],
)
def test_wrong_frames_are_refused(drawn: Any, words: str) -> None:
    """With what was drawn and what was asked for."""
    with pytest.raises(ModelError, match=words):
        on_cpu(drawn, 7, (64, 48))


def test_tensor_leaves_the_device_once() -> None:
    """Whatever has a method `cpu` is taken for a tensor."""
    moves: list[int] = []
    tensor = SimpleNamespace(cpu=lambda: moves.append(1) or SimpleNamespace(numpy=lambda: frames(9)))
    assert len(on_cpu(tensor, 9, (64, 48))) == 9
    assert moves == [1]


def test_writer_works_while_the_next_clip_is_drawn(tmp_path: Path) -> None:
    """The frames of one clip wait in the writer for a frame that only the drawing of the next one gives."""
    drawn = threading.Event()

    def slow() -> Any:
        for frame in frames(4):
            assert drawn.wait(20), "nothing was drawn while the clip was written"
            yield frame

    async def work() -> None:
        writer = Writer()
        async with writer.place():
            writing = asyncio.ensure_future(writer.write(slow(), tmp_path / "a.mp4", 8))
            async with writer.place():
                await asyncio.to_thread(drawn.set)
                await writer.write(frames(2), tmp_path / "b.mp4", 8)
            await writing
        writer.close()

    asyncio.run(work())
    assert [check_clip(tmp_path / name).frames for name in ("a.mp4", "b.mp4")] == [4, 2]


def test_clips_in_memory_are_bounded() -> None:
    """Drawing waits where encoding is slower."""

    async def work() -> bool:
        writer = Writer()
        async with AsyncExitStack() as places:
            for _ in range(WAITING):
                await places.enter_async_context(writer.place())
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(places.enter_async_context(writer.place()), 0.05)
        return True

    assert asyncio.run(work())
