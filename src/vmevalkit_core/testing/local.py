"""The contract of local models as a class of tests to inherit. It needs pytest, and what the plugin needs; no GPU."""

from __future__ import annotations

import dataclasses
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest

from vmevalkit_core.attempts import RECORD, VIDEO
from vmevalkit_core.errors import MissingWeights
from vmevalkit_core.generator import placing
from vmevalkit_core.media.clips import check_clip
from vmevalkit_core.records import Event
from vmevalkit_core.rules import ImageRule
from vmevalkit_core.runner import Runner
from vmevalkit_core.testing.overriding import check_overrides
from vmevalkit_core.testing.studio import PROMPTS, Studio, distance, run

HEAVY = ("torch", "diffusers", "transformers", "accelerate", "av", "numpy", "PIL", "httpx2")
SOURCES = ((64, 64), (512, 512), (1, 999), (999, 1), (640, 480), (1080, 1920), (1217, 703), (4096, 16))
_built: dict[type, Path] = {}


class DrawingContract:
    """What every local model keeps when it draws. A subclass names the model, quick options, and builds tiny weights.

    The tests draw with these weights on the CPU, in the process of the tests. It is for a model that shares its
    generator with one that keeps the whole `LocalContract`. A test may be overridden only by one that is marked
    `xfail` with a reason.
    """

    model: ClassVar[str]
    """The name of the model."""
    options: ClassVar[dict[str, Any]] = {}
    """Options with which a clip takes less than a second: few steps, few frames, a small size."""

    def __init_subclass__(cls, **given: Any) -> None:
        """Hold a subclass to the rule about overriding."""
        super().__init_subclass__(**given)
        check_overrides(cls, DrawingContract)

    def tiny_weights(self, folder: Path) -> Path:
        """Make a folder with weights of a few megabytes, of the real classes, and return it."""
        raise NotImplementedError

    @pytest.fixture
    def weights(self, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """The tiny weights, made once for each class."""
        if type(self) not in _built:
            _built[type(self)] = self.tiny_weights(tmp_path_factory.mktemp("weights"))
        return _built[type(self)]

    @pytest.fixture
    def studio(self, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Studio:
        """The model with its tiny weights."""
        monkeypatch.delenv("VMEVAL_WEIGHTS", raising=False)
        monkeypatch.setenv("VMEVAL_RUNTIME_DIR", str(tmp_path / "runtime"))
        monkeypatch.setenv("VMEVAL_CACHE", str(tmp_path / "cache"))
        return Studio(self.model, weights, self.options, tmp_path)

    def test_import_is_thin(self, studio: Studio) -> None:
        """Listing and describing the model imports nothing heavy, its generator no torch."""
        home = studio.spec.options.partition(":")[0]
        assert not _imported(f"import vmevalkit_core.registry as r, {home}; r.Registry.load()") & {*HEAVY}
        assert not _imported(f"import {studio.spec.factory.partition(':')[0]}") & {"torch", "diffusers", "transformers"}

    def test_spec_says_where_it_runs(self, studio: Studio) -> None:
        """A local model lives in a process that may die, takes seeds and costs nothing."""
        spec, options = studio.spec, studio.options_class(**studio.options)
        assert (spec.kind, spec.runs_in) == ("local", "process")
        assert spec.seeds
        assert options.price() == 0

    @pytest.mark.parametrize("source", SOURCES, ids=lambda size: f"{size[0]}x{size[1]}")
    def test_any_picture_gets_a_legal_size(self, studio: Studio, source: tuple[int, int]) -> None:
        """With the model's own defaults, whatever the shape."""
        defaults = studio.options_class()
        rule: ImageRule = defaults.image_rule()
        sent = rule.geometry(source).sent
        assert not defaults.rule.fault(sent)
        assert not defaults.rule.area or sent[0] * sent[1] <= defaults.rule.area

    @pytest.mark.parametrize("asked", range(1, 40))
    def test_frames_are_rounded_up(self, studio: Studio, asked: int) -> None:
        """To the next number that the model can draw, never down."""
        rule = studio.options_class.rule
        legal = rule.legal_frames(asked)
        assert max(asked, rule.frame_base) <= legal < max(asked, rule.frame_base) + rule.frame_step
        assert (legal - rule.frame_base) % rule.frame_step == 0

    def test_clip_is_what_was_asked_for(self, studio: Studio) -> None:
        """Size, frames and speed as read back from the file, and the device free before it was encoded."""
        request = studio.request()
        options, job = studio.options_class(**request.options), studio.job()
        generator = studio.generator()
        clip = run(generator.generate(request, job))
        found, facts = check_clip(clip.path), clip.extras["local"]
        assert (found.width, found.height, found.frames) == (*request.first_frame.size, options.frames)  # type: ignore[union-attr]
        assert found.fps == pytest.approx(options.fps)
        assert facts["frames_drawn"] == options.legal_frames
        assert job.freed == 1
        assert any(fraction and fraction < 1 for fraction, _ in job.told), "render never called request.step"

    def test_record_can_answer_later(self, studio: Studio) -> None:
        """Device, number type, memory, weights, seed and versions are in what a clip carries."""
        clip = studio.clips([studio.request(seed=7)])[0]
        facts = clip.extras["local"]
        assert facts["seed"] == 7
        assert {"dtype", "memory", "weights", "size", "loads", "seconds"} <= {*facts}
        assert clip.device
        assert "torch" in clip.versions

    def test_same_seed_same_frames(self, studio: Studio) -> None:
        """Bit for bit on one machine, whatever was drawn before; another seed gives other frames."""
        first, other, again = studio.clips([studio.request(seed=one) for one in (1, 2, 1)])
        assert studio.frames(first) == studio.frames(again)
        assert studio.frames(first) != studio.frames(other)

    def test_prepared_texts_change_nothing(self, studio: Studio) -> None:
        """Texts that were encoded together, ahead, give the same frames as one alone; each is encoded once."""
        together, requests = studio.generator(), [studio.request(prompt) for prompt in PROMPTS]
        together.expect(PROMPTS, requests[0].options)
        known = {text for prompt in PROMPTS for text in together.texts(prompt, together.options(**studio.options))}
        clips = studio.clips([*requests, *requests], together)
        alone = studio.clips(requests[-1:])[0]
        assert studio.frames(clips[2]) == studio.frames(clips[5]) == studio.frames(alone)
        assert together.counts == {"loads": 1, "encoder_loads": min(1, len(known)), "texts_encoded": len(known)}

    def test_prompt_is_looked_at(self, studio: Studio) -> None:
        """Another prompt gives other frames."""
        first, other = studio.clips([studio.request(prompt) for prompt in PROMPTS[:2]])
        assert "prompt" not in studio.spec.inputs or studio.frames(first) != studio.frames(other)

    def test_one_failure_costs_one_run(self, studio: Studio) -> None:
        """A run that breaks in the middle of the work leaves the model as it was for the two that follow."""
        generator = studio.generator(_breaking_once)
        request = studio.request()

        async def draw() -> list[Any]:
            with pytest.raises(ZeroDivisionError):
                await studio.clip(generator, request)
            return [await studio.clip(generator, request) for _ in range(2)]

        one, two = run(draw())
        assert studio.frames(one) == studio.frames(two) == studio.frames(studio.clips([request])[0])
        assert generator.loads == 1

    def test_out_of_memory_is_tried_lower(self, studio: Studio) -> None:
        """Once, with the weights loaded anew and the same frames as ever; the record says so."""
        clip = studio.clips([studio.request()], studio.generator(_too_large_once))[0]
        facts = clip.extras["local"]
        assert facts["memory"] == "offload"
        assert "out of memory" in facts["memory_lowered"]
        assert studio.frames(clip) == studio.frames(studio.clips([studio.request()])[0])

    def test_missing_weights_are_named(self, studio: Studio, tmp_path: Path) -> None:
        """Before anything is loaded: id, size, licence, and the line that downloads them."""
        options = {name: value for name, value in studio.options.items() if name != "weights"}
        generator = studio.generator(HF_HUB_CACHE=str(tmp_path / "empty"))
        with pytest.raises(MissingWeights) as caught:
            generator.check(options)
        weights = generator.weights
        assert all(word in str(caught.value) for word in (weights.repo, f"{weights.gigabytes:g} GB", weights.licence))
        assert weights.download in caught.value.hint

    def test_network_is_never_used(self, studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
        """Not even tried, with all weights on the disk."""
        tried: list[Any] = []
        for name in ("connect", "connect_ex", "sendto"):
            monkeypatch.setattr(socket.socket, name, lambda _, *args, **__: tried.append(args))
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **__: tried.append(args))
        studio.clips([studio.request()])
        assert tried == []


class LocalContract(DrawingContract):
    """The whole contract of a local model: how it draws, in less memory too, and what a dead worker costs."""

    def __init_subclass__(cls, **given: Any) -> None:
        """Hold a subclass to the rule about overriding."""
        super().__init_subclass__(**given)
        check_overrides(cls, LocalContract)

    def test_streamed_layers_draw_the_same(self, studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
        """What `place_pipeline` does for `memory=layers` on a card, done here from the CPU to the CPU."""
        generator, seen, stream = studio.generator(), list[Any](), placing._stream
        if "layers" not in generator.ladder:
            pytest.skip("its layers cannot pass through the device one by one")
        plain = studio.clips([studio.request()])[0]
        monkeypatch.setattr(placing, "_is_in_one_place", lambda setup: setup.memory == "full")
        monkeypatch.setattr(placing, "_stream", lambda *given: seen.append(stream(*given)))
        clip = studio.clips([studio.request(memory="layers")], generator)[0]
        assert seen, "no part was streamed"
        assert studio.frames(clip) == studio.frames(plain)

    def test_killed_worker_costs_no_run(self, studio: Studio) -> None:
        """`kill -9` in the middle of a clip: every run of the plan has its own, and the one that was hit says so."""
        killed: list[int] = []

        def kill(runner: Runner, event: Event) -> None:
            if event.stage.startswith("step") and not killed:
                killed.extend(runner.workshop.worker.pool.pids)
                os.kill(killed[0], signal.SIGKILL)

        records = studio.execute(3, kill)
        assert [one.inference.status for one in records] == ["success"] * 3
        lost = [text for one in records for text in one.provenance.extras.get("lost_workers", ())]
        assert len(lost) == 1
        assert "SIGKILL" in lost[0]

    def test_resumed_plan_draws_what_is_left(self, studio: Studio) -> None:
        """A run that was interrupted is drawn again, to the same frames, and no text encoded; the finished is left."""
        first, second = studio.execute(2)
        folder, drawn = Path(second.paths.inference_dir), first.provenance.clip
        kept = Path(shutil.copy(folder / VIDEO, studio.folder / "kept.mp4"))
        record = folder / RECORD
        record.write_text(record.read_text().replace('"success"', '"running"'))
        left, again = studio.execute(2)
        assert (left.inference.attempts, again.inference.attempts) == (1, 2)
        assert left.provenance.clip == drawn
        assert again.provenance.extras["local"]["texts_encoded"] == 0
        second.output.video_path = str(kept)
        # Equal noise differs by up to 1 after x264, another seed's by more than 10.
        assert distance(second, again) < 3


def _breaking_once(factory: type[Any]) -> type[Any]:
    """The same generator, whose first clip breaks in its first step."""

    class Once(factory):  # type: ignore[misc]
        broken = False

        def render(self, request: Any) -> Any:
            if self.broken:
                return super().render(request)
            self.broken = True
            return super().render(dataclasses.replace(request, step=lambda done, total: 1 // 0))

    return Once


def _too_large_once(factory: type[Any]) -> type[Any]:
    """The same generator on a device that is too small for `full`."""

    class Small(factory):  # type: ignore[misc]
        def render(self, request: Any) -> Any:
            if self.setup.memory == "full":
                raise MemoryError
            return super().render(request)

    return Small


def _imported(code: str) -> set[str]:
    """The top-level modules that a bare interpreter has after running some code."""
    line = f"{code}\nimport sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True)
    return set(done.stdout.split())
