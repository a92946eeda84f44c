"""The crafters as models of vmevalkit; torch is imported once one is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from vmevalkit_core import (
    Context,
    LocalGenerator,
    LocalOptions,
    LocalRequest,
    LocalSetup,
    ModelError,
    ModelSpec,
    Weights,
)
from vmevalkit_crafter import options as options_of
from vmevalkit_crafter.options import TEXT_TOKENS, CrafterOptions
from vmevalkit_crafter.weights import find_model

RESEARCH = "for personal, research and non-commercial use"
"""What VideoCrafter's README limits its models to."""
LAWFUL = "licence on its hub page; the authors ask for lawful use"


class Crafter(LocalGenerator):
    """What the six have in common; each names its options and its weights."""

    packages: ClassVar[tuple[str, ...]] = ("torch", "diffusers", "transformers", "safetensors", "ftfy")
    extra: ClassVar[str] = "vmevalkit-crafter"
    native_dtype: ClassVar[str] = "float16"  # the authors run under autocast to it
    smaller: ClassVar[str] = "dynamicrafter-256"

    def __init__(self, spec: ModelSpec, context: Context) -> None:
        super().__init__(spec, context)
        self._pipeline: Any = None
        self._encoder: Any = None

    def find(self, weights: Weights, options: LocalOptions) -> Path:
        """The converted folder or the model file; ConfigError for a folder that has none, or another model's."""
        named = options.weights or self.context.local_env.get("VMEVAL_WEIGHTS") or ""
        file = Path(named).expanduser()
        # Those who have the authors' file need not put it into a folder of its own.
        return find_model(self.spec.name, file if named and file.is_file() else super().find(weights, options))

    def load(self, setup: LocalSetup) -> None:
        """All but the text encoder."""
        from vmevalkit_crafter.model_file import ModelFile, moving_to
        from vmevalkit_crafter.pipeline import CrafterPipeline

        if "first_frame" not in self.spec.inputs:
            self.context.log.warning("%s has no input for a picture: it is shown the prompt only", self.spec.name)
        offload = setup.memory == "offload"
        file = ModelFile(self.spec.name, setup.weights)
        if file.doubt:
            self.context.log.warning("%s", file.doubt)
        dtype = _dtype(setup.dtype)
        parts = file.parts(moving_to("cpu" if offload else setup.device, dtype), without="text")
        self._pipeline = CrafterPipeline(parts, file.config, device=setup.device, dtype=dtype, offload=offload)

    def close(self) -> None:
        """Let go of all weights."""
        self._pipeline = None

    def texts(self, prompt: str, options: CrafterOptions) -> tuple[str, ...]:
        """The prompt, and what guidance leads away from where there is any."""
        return (prompt, options.negative_prompt) if options.is_guided else (prompt,)

    def load_text_encoder(self, setup: LocalSetup) -> None:
        """The text half of CLIP alone."""
        from vmevalkit_crafter.model_file import ModelFile, moving_to

        file = ModelFile(self.spec.name, setup.weights)
        self._encoder = file.part("text", moving_to(setup.device, _dtype(setup.dtype)))

    def encode_text(self, text: str) -> Any:
        """Tokens [1, 77, width] on the CPU."""
        from vmevalkit_crafter.text import encoded

        return encoded(self._encoder, text).cpu()

    def free_text_encoder(self) -> None:
        """Let go of it."""
        self._encoder = None

    def render(self, request: LocalRequest) -> tuple[Any, float]:
        """All 16 frames, and the rate of the file."""
        from vmevalkit_crafter.pipeline import NotFinite

        chosen: CrafterOptions = request.options
        # Where memory is short, what saves it is not asked for, it is done.
        lean = self.setup is not None and self.setup.memory == "offload"
        settings = _settings(chosen, lean=lean)
        request.facts.update(_facts(request.prompt, chosen, self._pipeline.config))
        request.facts.update(batched=settings.guidance.batched, frame_by_frame=settings.frame_by_frame)
        if "final_frame" in self.spec.inputs and request.last_frame is None:
            raise ModelError(f"{self.spec.name} was shown no final frame", hint="add final_frame.png to the task pair")
        if cut := request.facts["prompt_tokens_cut"]:
            self.context.log.warning("%s does not read the last %d tokens of this prompt", self.spec.name, cut)
        if cut := request.facts["negative_prompt_tokens_cut"]:
            self.context.log.warning("%s does not read the last %d tokens of negative_prompt", self.spec.name, cut)
        try:
            frames = self._pipeline(
                request.prompt,
                settings,
                seed=request.seed,
                size=request.size[::-1],
                first=_pixels(request.first_frame),
                final=_pixels(request.last_frame),
                texts=request.texts,
                progress=request.step,
            )
        except NotFinite as error:
            raise ModelError(str(error), hint="-p dtype=float32 or bfloat16 may help") from error
        return frames.numpy(), request.fps


def _dtype(name: str) -> Any:
    import torch

    return getattr(torch, name)


def _settings(chosen: CrafterOptions, *, lean: bool) -> Any:
    from vmevalkit_crafter.guidance import Guidance
    from vmevalkit_crafter.settings import Settings

    guidance = Guidance(
        scale=chosen.guidance,
        rescale=chosen.guidance_rescale,
        image_scale=getattr(chosen, "image_guidance", None),
        batched=chosen.batched and not lean,
    )
    return Settings(
        guidance=guidance,
        fps=chosen.told_number,
        steps=chosen.steps,
        eta=chosen.eta,
        spacing=chosen.spacing,
        negative_prompt=chosen.negative_prompt,
        frame_by_frame=chosen.frame_by_frame or lean,
    )


def _facts(prompt: str, chosen: CrafterOptions, config: Any) -> dict[str, Any]:
    """What the options do not tell."""
    from vmevalkit_crafter.schedule import timesteps
    from vmevalkit_crafter.tokenizer import token_count

    tokens, unwanted = token_count(prompt), token_count(chosen.negative_prompt) if chosen.is_guided else 0
    return {
        "prediction": config.diffusion.prediction,
        "steps_run": len(timesteps(chosen.steps, chosen.spacing)),
        "picture_shown": config.sees_picture,
        "prompt_tokens": tokens,
        "prompt_tokens_cut": max(0, tokens - TEXT_TOKENS),
        "negative_prompt_tokens_cut": max(0, unwanted - TEXT_TOKENS),
    }


def _pixels(picture: Any) -> Any:
    """A PIL picture in mode RGB as a tensor [3, h, w] in -1 to 1; None stays None."""
    if picture is None:
        return None
    import torch

    values = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
    return values.reshape(picture.height, picture.width, 3).permute(2, 0, 1).float() / 127.5 - 1


def _weights(repository: str, licence: str, gigabytes: float = 10.4) -> Weights:
    # A converted folder has other files than the hub's, so `find` looks for either.
    return Weights(repo=repository, gigabytes=gigabytes, licence=licence, files=(), include=("model.ckpt",))


class DynamiCrafter256(Crafter):
    """dynamicrafter-256."""

    options: ClassVar[type[CrafterOptions]] = options_of.DynamiCrafter256Options
    weights: ClassVar[Weights] = _weights("Doubiiu/DynamiCrafter", LAWFUL)
    smaller: ClassVar[str] = ""


class DynamiCrafter512(Crafter):
    """dynamicrafter-512."""

    options: ClassVar[type[CrafterOptions]] = options_of.DynamiCrafter512Options
    weights: ClassVar[Weights] = _weights("Doubiiu/DynamiCrafter_512", LAWFUL)


class DynamiCrafter1024(Crafter):
    """dynamicrafter-1024."""

    options: ClassVar[type[CrafterOptions]] = options_of.DynamiCrafter1024Options
    weights: ClassVar[Weights] = _weights("Doubiiu/DynamiCrafter_1024", LAWFUL)
    smaller: ClassVar[str] = "dynamicrafter-512"


class DynamiCrafterInterp(Crafter):
    """dynamicrafter-512-interp."""

    options: ClassVar[type[CrafterOptions]] = options_of.DynamiCrafterInterpOptions
    weights: ClassVar[Weights] = _weights("Doubiiu/DynamiCrafter_512_Interp", LAWFUL)


class VideoCrafter1(Crafter):
    """videocrafter1-i2v-512."""

    options: ClassVar[type[CrafterOptions]] = options_of.VideoCrafter1Options
    weights: ClassVar[Weights] = _weights("VideoCrafter/Image2Video-512", RESEARCH)


class VideoCrafter2(Crafter):
    """videocrafter2-512."""

    options: ClassVar[type[CrafterOptions]] = options_of.VideoCrafter2Options
    weights: ClassVar[Weights] = _weights("VideoCrafter/VideoCrafter2", RESEARCH, gigabytes=7.4)
