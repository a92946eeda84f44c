"""The generators: LTX-Video through diffusers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from vmevalkit_core import WITH_LAYERS, LocalGenerator, LocalOptions, LocalRequest, LocalSetup, Weights
from vmevalkit_core import place_pipeline as placed
from vmevalkit_ltx import pipeline, weights
from vmevalkit_ltx.options import DISTILLED_TIMESTEPS, TEXT_TOKENS, DistilledOptions, LtxOptions, LtxVideoOptions


class LtxVideo(LocalGenerator):
    """LTX-Video from a folder as diffusers writes it."""

    options: ClassVar[type[LocalOptions]] = LtxVideoOptions
    weights: ClassVar[Weights] = weights.LTX_VIDEO
    packages = ("torch", "diffusers", "transformers", "accelerate", "sentencepiece")
    extra = "vmevalkit-ltx"
    ladder = WITH_LAYERS
    smaller = "-p tiling=true"

    _pipe: Any = None
    _encoder: Any = None

    def texts(self, prompt: str, options: LtxOptions) -> tuple[str, ...]:
        """The prompt, and what the clip should not be where guidance looks at it."""
        return (prompt, options.negative_prompt) if options.guidance > 1 else (prompt,)

    def load_text_encoder(self, setup: LocalSetup) -> None:
        """T5 v1.1 XXL, 9.5 GB in bfloat16."""
        self._encoder = pipeline.text_pipeline(setup)

    def encode_text(self, text: str) -> tuple[Any, Any, int]:
        """The embedding and its mask, on the CPU, and the number of tokens."""
        return pipeline.encoded(self._encoder, text, TEXT_TOKENS)

    def free_text_encoder(self) -> None:
        """Its memory is needed for the clip."""
        self._encoder = None

    def load(self, setup: LocalSetup) -> None:
        """Transformer, VAE and scheduler."""
        self._pipe = placed(pipeline.video_pipeline(setup, self.checkpoint(setup.options)), setup)
        if setup.options.compile:  # type: ignore[attr-defined]
            self._pipe.transformer.compile_repeated_blocks()

    def checkpoint(self, options: Any) -> Path | None:
        """A single file that holds transformer and VAE; None where they are in the folder."""
        return None

    def timesteps(self, options: Any) -> list[float] | None:
        """The noise levels to go through; None for evenly spread ones."""
        return None

    def render(self, request: LocalRequest) -> tuple[Any, float]:
        """Denoise, check, decode."""
        options: Any = request.options
        self._pipe.vae.use_tiling = options.tiling
        steps = self.timesteps(options) or pipeline.spread(self._pipe, options.steps)
        latents = pipeline.denoised(self._pipe, request, steps, options.steps)
        frames = pipeline.decoded(self._pipe, latents, request)
        request.facts.update(pipeline.facts(self._pipe, options, steps))
        request.facts["prompt_tokens"] = request.texts[request.prompt][2]
        request.facts["prompt_tokens_read"] = min(TEXT_TOKENS, request.facts["prompt_tokens"])
        return frames, request.fps

    def close(self) -> None:
        """Let the pipeline go."""
        self._pipe = self._encoder = None


class Ltx13bDistilled(LtxVideo):
    """The 13B model in 8 steps."""

    options = DistilledOptions
    weights: ClassVar[Weights] = weights.LTX_13B_DISTILLED
    smaller = "-p tiling=true, or the model ltx-video-2b-distilled"

    def timesteps(self, options: DistilledOptions) -> list[float] | None:
        """The authors' own, unless a number of steps was asked for."""
        return list(DISTILLED_TIMESTEPS) if options.steps is None else None


class Ltx2bDistilled(Ltx13bDistilled):
    """The 2B model in 8 steps: transformer and VAE are one file of the main repository, the rest is that of 0.9.5."""

    weights: ClassVar[Weights] = weights.LTX_2B_BASE
    smaller = "-p tiling=true"

    def check(self, options: Mapping[str, Any]) -> None:
        """As the base does, and the single file as well."""
        super().check(options)
        self.checkpoint(self.options.model_validate(options))

    def checkpoint(self, options: DistilledOptions) -> Path | None:
        """The single file; None for a folder of one's own that has none, which then holds the distilled weights."""
        folder = self.find(self.weights, options)
        if (inside := folder / weights.CHECKPOINT_FILE).is_file():
            return inside
        if options.weights and Path(options.weights).expanduser().is_dir():
            return None
        return (
            self.find(weights.LTX_2B_DISTILLED, options.model_copy(update={"weights": None})) / weights.CHECKPOINT_FILE
        )
