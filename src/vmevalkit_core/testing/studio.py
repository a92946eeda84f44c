"""A place to try a local model in: tiny weights, two drawn questions, generators in this process and in a worker."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from PIL import Image, ImageDraw

from vmevalkit_core.attempts import find_attempts
from vmevalkit_core.generator import Context
from vmevalkit_core.generator.free_job import FreeJob
from vmevalkit_core.generator.local import LocalGenerator
from vmevalkit_core.limits import Limiter
from vmevalkit_core.media.fitting import fit_frame
from vmevalkit_core.metadata import RunMetadata
from vmevalkit_core.records import Clip, Event, GenerationRequest, ImageRef
from vmevalkit_core.registry import Registry
from vmevalkit_core.rules import ImageRule
from vmevalkit_core.runner import Runner
from vmevalkit_core.scan import scan
from vmevalkit_core.specs import ModelSpec

T = TypeVar("T")
PROMPTS = ("move the red ball to the right", "the blue ball moves slowly", "solve the maze")
SHIFTS = {"first_frame": 0, "final_frame": 16}
"""How far the ball of a drawn picture has moved."""


class StudioJob(FreeJob):
    """A `Job` that remembers what it was told."""

    def __init__(self, clip_path: Path) -> None:
        self.clip_path = clip_path
        self.log = logging.getLogger("vmevalkit_core.job")
        self.told: list[tuple[float | None, str]] = []
        self.freed = 0

    def progress(self, fraction: float | None = None, stage: str = "") -> None:
        """Remembered."""
        self.told.append((fraction, stage))

    def device_free(self) -> None:
        """Counted."""
        self.freed += 1


class Studio:
    """One model with tiny weights, in a folder of its own."""

    def __init__(self, model: str, weights: Path, options: Mapping[str, Any], folder: Path) -> None:
        self.registry = Registry.load()
        self.spec: ModelSpec = self.registry.get(model)
        self.weights = weights
        self.folder = folder
        self.drawn: dict[Path, bytes] = {}
        self.options = {**options, "weights": str(weights)}
        self.cache: Path | None = None
        """Where generators in this process keep what they encoded; nowhere where None."""

    @property
    def options_class(self) -> Any:
        """The class of the model's options."""
        return self.registry.options_class(self.spec)

    def generator(self, change: Callable[[type[Any]], type[Any]] = lambda cls: cls, **env: str) -> LocalGenerator:
        """A generator in this process, of the model's own class or of what `change` makes of it."""
        factory: Any = _watched(change(self.registry.load_target(self.spec.factory)))  # type: ignore[arg-type]
        context = Context(env={}, limiter=Limiter(1), local_env=env, cache=self.cache)
        made: LocalGenerator = factory(self.spec, context)
        return made

    def request(
        self, prompt: str = PROMPTS[0], seed: int = 0, *, picture: Image.Image | None = None, **options: Any
    ) -> GenerationRequest:
        """What a run of this model is asked, with pictures of a legal size; drawn ones where none is given."""
        known = self.options_class(**{**self.options, **options})
        rule = known.image_rule()
        drawn = {name: picture or puzzle(shift) for name, shift in SHIFTS.items() if name in self.spec.inputs}
        frames: dict[str, Any] = {name: self._frame(name, one, rule) for name, one in drawn.items()}
        values = known.model_dump(mode="json")
        return GenerationRequest(model=self.spec.name, prompt=prompt, options=values, seed=seed, **frames)

    def _frame(self, name: str, picture: Image.Image, rule: ImageRule) -> ImageRef:
        path = self.folder / f"{name}.png"
        geometry = rule.geometry(picture.size)
        fit_frame(picture, geometry).save(path)
        return ImageRef(
            path=path,
            sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
            media_type="image/png",
            size=geometry.sent,
            geometry=geometry,
        )

    def job(self) -> StudioJob:
        """A job with a clip path of its own."""
        taken = len(list(self.folder.glob("clip_*")))
        path = self.folder / f"clip_{taken}.mp4"
        path.touch()
        return StudioJob(path)

    async def clip(self, generator: LocalGenerator, request: GenerationRequest) -> Clip:
        """One clip, drawn in this process."""
        clip = await generator.generate(request, self.job())
        self.drawn[clip.path] = generator.seen  # type: ignore[attr-defined]
        return clip

    def pixels(self, clip: Clip) -> bytes:
        """The pixels of a clip before it was encoded: x264 gives equal frames a few bits of difference now and then."""
        return self.drawn[clip.path]

    def frames(self, clip: Clip) -> str:
        """A hash of them, to be compared: pytest would spend hours on the difference of so many bytes."""
        return hashlib.sha256(self.pixels(clip)).hexdigest()

    def clips(self, requests: Sequence[GenerationRequest], generator: LocalGenerator | None = None) -> list[Clip]:
        """Clips drawn one after the other by one generator, which is closed afterwards."""
        used = generator or self.generator()

        async def draw() -> list[Clip]:
            try:
                return [await self.clip(used, request) for request in requests]
            finally:
                await used.aclose()

        return run(draw())

    def execute(self, number: int, display: Callable[[Runner, Event], None] | None = None) -> list[RunMetadata]:
        """The records of so many runs of one plan, carried out in a real worker; what is finished is not done again."""
        runner = Runner(self.registry, output=self.folder / "out", experiment="contract", env=self._env())
        ask = runner.ask(self.spec, self.options)
        plan = runner.plan(scan(self._questions(number)), [ask])
        run(runner.execute(plan, display=display and partial(display, runner)))
        found = sorted(find_attempts(runner.store.root), key=lambda one: one.data["input"]["question_id"])
        return [attempt.metadata() for attempt in found]

    def _env(self) -> dict[str, str]:
        return {"CUDA_VISIBLE_DEVICES": "", "VMEVAL_RUNTIME_DIR": str(self.folder / "runtime")}

    def _questions(self, number: int) -> Path:
        """A folder of task pairs, with `PROMPTS` in turn."""
        root = self.folder / "questions"
        for at in range(number):
            folder = root / "ball_task" / f"ball_{at:04}"
            folder.mkdir(parents=True, exist_ok=True)
            for name, shift in SHIFTS.items():
                puzzle(at + shift).save(folder / f"{name}.png")
            (folder / "prompt.txt").write_text(PROMPTS[at % len(PROMPTS)])
        return root


def puzzle(shift: int = 0) -> Image.Image:
    """A flat-coloured drawing of 128 x 96 pixels."""
    picture = Image.new("RGB", (128, 96), (235, 235, 225))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((12 + shift, 24, 60 + shift, 72), fill=(200, 40, 40))
    draw.rectangle((80, 48, 104, 72), fill=(30, 60, 180))
    return picture


def farthest(one: bytes, other: bytes) -> int:
    """The largest difference of the pixels of two clips, in grey levels."""
    return max(abs(left - right) for left, right in zip(one, other, strict=True))


def _watched(factory: type[Any]) -> type[Any]:
    """The same generator, whose last frames can be looked at."""

    class Watched(factory):  # type: ignore[misc]
        seen = b""

        def render(self, request: Any) -> Any:
            frames, fps = super().render(request)
            self.seen = frames.tobytes()
            return frames, fps

    return Watched


def run(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine, in a loop of its own."""
    return asyncio.run(work)
