"""The base of generators that draw clips with weights on this machine."""

from __future__ import annotations

import asyncio
import threading
import time
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from vmevalkit_core.errors import MissingExtra, ModelError
from vmevalkit_core.generator import drawing, memory, torch_facts
from vmevalkit_core.generator import frames as framing
from vmevalkit_core.generator.contract import Context, Job
from vmevalkit_core.generator.local_options import LocalOptions
from vmevalkit_core.generator.local_request import LocalRequest, LocalSetup
from vmevalkit_core.generator.shelf import Encodings, Shelf, fingerprint
from vmevalkit_core.generator.texts import Texts
from vmevalkit_core.generator.told import Told
from vmevalkit_core.generator.weights import Weights, find_weights
from vmevalkit_core.generator.writer import Writer
from vmevalkit_core.records import Clip, GenerationRequest
from vmevalkit_core.specs import ModelSpec

T = TypeVar("T")


class LocalGenerator(ABC):
    """Base of generators that load weights once and draw many clips; it owns everything but the drawing.

    A plugin sets `options` and `weights` and writes `load`, `render` and `close`; where its text encoder is a part
    of its own, `texts`, `load_text_encoder`, `encode_text` and `free_text_encoder` as well. All of these are plain
    functions, called in one thread, one at a time; torch is imported inside them, never at the top of the module.
    Its spec says `kind="local"`, `runs_in="process"` and which `seeds` it takes.

    The base checks packages and weights before the first run, picks device and number type, finds the weights
    without the network, makes one CPU generator for each run, keeps text embeddings, loads again with less memory
    when it runs out, cuts surplus frames, encodes in a thread while the next clip is drawn, and records all of it.
    """

    options: ClassVar[type[LocalOptions]]
    """The class of the options."""
    weights: ClassVar[Weights]
    """What has to be on the disk."""
    packages: ClassVar[tuple[str, ...]] = ("torch",)
    """Modules that have to be installed; looked for, not imported, before the first run."""
    extra: ClassVar[str] = ""
    """What to install where one is not, such as `vmevalkit-ltx`."""
    native_dtype: ClassVar[str] = "bfloat16"
    """The number type of the authors; used on an accelerator where `dtype` is auto."""
    ladder: ClassVar[tuple[memory.Step, ...]] = memory.LADDER
    """The steps of memory that `load` knows, from the quickest to the smallest."""
    text_format: ClassVar[int] = 1
    """To be raised when `encode_text` changes what it returns: embeddings outlive the process."""
    smaller: ClassVar[str] = ""
    """A smaller model, or what else to do, named when even the lowest step of memory does not do."""

    def __init__(self, spec: ModelSpec, context: Context) -> None:
        self.spec = spec
        self.context = context
        self.setup: LocalSetup | None = None
        """How the weights in memory were loaded; None while there are none."""
        self.loads = 0
        """How often weights were loaded."""
        self._shelf = Shelf(context.cache / "texts", self._identity) if context.cache else None
        self._texts = Texts(
            lambda: self.load_text_encoder(self._wanted), self.encode_text, self.free_text_encoder, keeper=self._shelf
        )
        self._encodings = Encodings(self._shelf)
        self._prints: dict[Path, str] = {}
        self._device = ThreadPoolExecutor(1, thread_name_prefix="vmeval-device")
        self._turn = asyncio.Lock()
        self._writer: Writer | None = None
        self._lowered, self._start = "", 0
        self._wanted: LocalSetup
        self._encoded_by: LocalSetup | None = None
        self._broken: LocalSetup | None = None

    # What a plugin writes.

    @abstractmethod
    def load(self, setup: LocalSetup) -> None:
        """Load everything but the text encoder. Called again after `close` when memory ran out or an option changed."""

    @abstractmethod
    def render(self, request: LocalRequest) -> tuple[Any, float]:
        """The frames, and how many of them make a second.

        Frames are a uint8 array of shape (frames, height, width, 3), numpy or torch: `uint8_frames` makes one of a
        decoded video. ModelError for what came out as no numbers: `check_finite` raises it. Any error of torch may
        pass through.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of all weights, so that their memory is free; called for the last time when the worker ends."""

    def texts(self, prompt: str, options: Any) -> tuple[str, ...]:
        """The texts that a run needs encoded, such as the prompt and the negative prompt; none where not overridden."""
        return ()

    def load_text_encoder(self, setup: LocalSetup) -> None:  # noqa: B027 - a model without one has nothing to do
        """Load what `encode_text` needs; the other weights may or may not be in memory."""

    def encode_text(self, text: str) -> Any:
        """What `render` gets for a text; on the CPU, since thousands of them may be kept."""
        raise NotImplementedError

    def free_text_encoder(self) -> None:  # noqa: B027
        """Let go of what `load_text_encoder` loaded."""

    # What the base does.

    def check(self, options: Mapping[str, Any]) -> None:
        """MissingExtra or MissingWeights where a run with these options could not begin; imports nothing heavy."""
        for package in self.packages:
            if find_spec(package) is None:
                hint = f"pip install {self.extra or package}"
                raise MissingExtra(f"{self.spec.name} needs the package {package}, which is not installed", hint=hint)
        self.find(self.weights, self.options.model_validate(options))

    def expect(self, prompts: Iterable[str], options: Mapping[str, Any]) -> None:
        """Say which prompts are coming, so that they are encoded together."""
        known = self.options.model_validate(options)
        for prompt in prompts:
            self._texts.expect(self.texts(prompt, known))

    @property
    def counts(self) -> dict[str, int]:
        """How often weights and encoder were loaded, and how many texts were encoded."""
        return {"loads": self.loads, "encoder_loads": self._texts.loads, "texts_encoded": self._texts.encoded}

    async def generate(self, request: GenerationRequest, job: Job) -> Clip:
        """The clip; drawn when the device is free, encoded while the next one is drawn."""
        options = self.options.model_validate(request.options)
        writer = self._writer = self._writer or Writer()
        async with writer.place():
            async with self._turn:
                job.progress(None, "starting")
                frames, fps, facts = await self._on_device(lambda gone: self._drawn(request, options, job, gone))
            getattr(job, "device_free", _nobody)()
            job.progress(1.0, "encoding")
            facts["seconds"]["encode"] = round(await writer.write(frames, job.clip_path, fps), 3)
        return Clip(
            path=job.clip_path, device=facts["device"], versions=torch_facts.versions(), extras={"local": facts}
        )

    async def aclose(self) -> None:
        """Wait for the device and the writer, then let go of everything."""
        async with self._turn:
            await self._on_device(lambda gone: self._unload())
        if self._writer:
            await asyncio.to_thread(self._writer.close)

    def _drawn(
        self, request: GenerationRequest, options: LocalOptions, job: Job, gone: threading.Event
    ) -> tuple[Any, float, dict[str, Any]]:
        """Frames on the CPU, cut to the number asked for, and what the record has to say about them."""
        allowed = memory.steps(options.memory, self.ladder)
        if len(allowed) > 1:
            allowed = self.ladder[self._start :]  # what did not do once is not tried again for each run
        for number, step in enumerate(allowed):
            try:
                return self._attempt(request, options, step, Told(job, gone))
            except Exception as error:
                if not memory.is_out_of_memory(error):
                    raise
                # The frames of the traceback still hold what filled the memory.
                traceback.clear_frames(error.__traceback__)
                self._unload()
                if number + 1 == len(allowed):
                    raise drawing.no_memory(self.spec.name, options, step, self.smaller) from error
                words = (str(error) or type(error).__name__).splitlines()[0]
                self._start = self.ladder.index(step) + 1
                self._lowered = f"out of memory at {step}: {words:.200}"
                job.log.warning("%s: %s; going on with memory=%s", self.spec.name, self._lowered, allowed[number + 1])
        raise AssertionError("a ladder without steps")

    def _attempt(
        self, request: GenerationRequest, options: LocalOptions, step: memory.Step, told: Told
    ) -> tuple[Any, float, dict[str, Any]]:
        begun = time.monotonic()
        texts = self._ready(request.prompt or "", options, step, told)
        loaded = time.monotonic()
        asked = drawing.request_of(self.spec, request, options, texts, told)
        told("drawing")
        frames, fps = self.render(asked)
        told.alive()
        kept = framing.on_cpu(frames, options.frames, asked.size)
        seconds = {"load": round(loaded - begun, 3), "draw": round(time.monotonic() - loaded, 3)}
        facts = drawing.facts_of(self._wanted, asked, drawn=len(frames), kept=len(kept))
        facts |= {**self.counts, "seconds": seconds} | ({"memory_lowered": self._lowered} if self._lowered else {})
        facts |= self._encodings.facts | ({"texts_found": self._texts.found} if self._texts.found else {})
        return kept, float(fps), facts

    def _ready(self, prompt: str, options: LocalOptions, step: memory.Step, told: Told) -> dict[str, Any]:
        """Everything loaded and encoded for a run; the encoder goes first, so that both need never be in memory."""
        weights = self.find(self.weights, options)
        device = torch_facts.pick_device(self.context.device)
        dtype = options.dtype
        if dtype == "auto":
            dtype = "float32" if device == "cpu" else self.native_dtype  # type: ignore[assignment]
        wanted = LocalSetup(weights=weights, device=device, dtype=dtype, memory=step, options=options)
        self._wanted = wanted
        if self.setup and not drawing.same_loading(self.setup, wanted):
            self._unload()
        if self._encoded_by and not drawing.same_encoder(self._encoded_by, wanted):
            self._texts.forget()
        self._encoded_by = wanted
        told("encoding texts")
        texts = self._encoded(self.texts(prompt, options))
        if self.setup is None:
            told("loading weights")
            self._load(wanted)
        return texts

    def _load(self, wanted: LocalSetup) -> None:
        if self._broken and drawing.same_loading(self._broken, wanted):
            # Reading tens of gigabytes again for each run would end the same.
            raise ModelError(f"{wanted.weights} could not be loaded before", hint="the run before this one says why")
        try:
            self.load(wanted)
        except Exception as error:
            self._broken = None if memory.is_out_of_memory(error) else wanted
            self.close()
            raise
        self.setup, self._broken = wanted, None
        self.loads += 1

    def find(self, weights: Weights, options: LocalOptions) -> Path:
        """The folder with these weights, by the options and the environment; MissingWeights where there is none."""
        return find_weights(weights, options.weights, self.context.local_env, self.spec.name)

    def kept(self, name: str, make: Callable[[], Any]) -> Any:
        """What `make` returns, on the CPU; made once for each name and model, and then taken from the disk.

        For encodings that depend on more than a text. Called in `render`; the name has to say all that they depend on.
        """
        return self._encodings(name, make)

    def _identity(self) -> list[object]:
        """What embeddings depend on beside the text; any other model, machine part or version encodes anew."""
        wanted, home = self._wanted, type(self)
        if wanted.weights not in self._prints:
            self._prints[wanted.weights] = fingerprint(wanted.weights)
        made_by = [home.encode_text.__module__, home.encode_text.__qualname__, self.text_format]
        computed = [wanted.dtype, torch_facts.device_name(wanted.device), torch_facts.installed()]
        return [*made_by, *computed, self._prints[wanted.weights]]

    def _encoded(self, texts: tuple[str, ...]) -> dict[str, Any]:
        try:
            return self._texts.of(texts)
        except Exception as error:
            if self.setup is None or not memory.is_out_of_memory(error):
                raise
            # Encoder and model do not fit together: the model makes room, and is loaded again afterwards.
            self._unload()
            return self._texts.of(texts)

    def _unload(self) -> None:
        self.close()
        self.setup = None
        memory.release()

    async def _on_device(self, work: Callable[[threading.Event], T]) -> T:
        """The result of work in the device's thread; a cancelled caller waits until the device is free again."""
        gone = threading.Event()
        task = asyncio.get_running_loop().run_in_executor(self._device, work, gone)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            gone.set()
            await asyncio.wait([task])
            raise


def _nobody() -> None:
    pass
