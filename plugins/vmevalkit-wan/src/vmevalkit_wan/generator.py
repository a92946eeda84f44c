"""The generators: Wan through diffusers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from vmevalkit_core import WITH_LAYERS, ConfigError, LocalGenerator, LocalOptions, LocalRequest, LocalSetup, Weights
from vmevalkit_core import place_pipeline as placed
from vmevalkit_wan import options as known
from vmevalkit_wan import pipeline, weights


class WanImageToVideo(LocalGenerator):
    """Wan from a folder as diffusers writes it. A subclass may change what was loaded, in `tune`."""

    packages: ClassVar[tuple[str, ...]] = ("torch", "diffusers", "transformers", "accelerate", "ftfy")
    extra = "vmevalkit-wan"
    ladder = WITH_LAYERS
    smaller = "-p tiling=true, or the model wan-2.2-ti2v-5b"
    experts: ClassVar[int] = 1
    """How many transformers share the way from noise to a clip."""

    _pipe: Any = None
    _encoder: Any = None

    def check(self, options: Mapping[str, Any]) -> None:
        """As the base does, and whether the folder holds a model of this kind."""
        super().check(options)
        folder = self.find(self.weights, self.options.model_validate(options))
        found = pipeline.experts_in(folder)
        if found != self.experts:
            raise ConfigError(
                f"{folder} holds a model of {found} transformer(s), and {self.spec.name} has {self.experts}",
                hint=f"name a folder with {self.weights.repo}, or the model that the folder is of",
            )

    def texts(self, prompt: str, options: known.WanOptions) -> tuple[str, ...]:
        """The prompt, and what the clip should not be where guidance looks at it."""
        return (prompt, options.negative_prompt) if options.guidances[0] > 1 else (prompt,)

    def load_text_encoder(self, setup: LocalSetup) -> None:
        """UMT5-XXL, 11 GB in bfloat16."""
        self._encoder = pipeline.text_pipeline(setup)

    def encode_text(self, text: str) -> tuple[Any, int]:
        """The embedding, (1, tokens, width), on the CPU and without its padding, and the number of tokens."""
        return pipeline.encoded(self._encoder, text, known.TEXT_TOKENS)

    def free_text_encoder(self) -> None:
        """Its memory is needed for the clip."""
        self._encoder = None

    def load(self, setup: LocalSetup) -> None:
        """Transformers, VAE, scheduler, and the image encoder where the model has one."""
        pipe = pipeline.video_pipeline(setup)
        self.tune(pipe, setup)
        self._pipe = placed(pipe, setup, pipeline.STREAMED)
        if setup.options.compile:  # type: ignore[attr-defined]
            pipeline.compile_blocks(self._pipe)

    def tune(self, pipe: Any, setup: LocalSetup) -> None:
        """Change a pipeline that was loaded and is still in main memory; nothing by itself."""

    def render(self, request: LocalRequest) -> tuple[Any, float]:
        """Denoise, check, decode."""
        pipeline.set_up(self._pipe, request.options)
        latents = pipeline.denoised(self._pipe, request)
        frames = pipeline.decoded(self._pipe, latents)
        request.facts.update(pipeline.facts(self._pipe, request.options))
        tokens = request.texts[request.prompt][1]
        request.facts.update(prompt_tokens=tokens, prompt_tokens_read=min(known.TEXT_TOKENS, tokens))
        return frames, request.fps

    def close(self) -> None:
        """Let the pipeline go."""
        self._pipe = self._encoder = None


class A14B(WanImageToVideo):
    """Wan 2.2 I2V A14B: two experts."""

    options: ClassVar[type[LocalOptions]] = known.A14BOptions
    weights: ClassVar[Weights] = weights.I2V_A14B
    experts = 2


class Ti2v5B(WanImageToVideo):
    """Wan 2.2 TI2V 5B: the first latent frame is the picture's and stays clean, with a noise level of its own."""

    options: ClassVar[type[LocalOptions]] = known.Ti2v5BOptions
    weights: ClassVar[Weights] = weights.TI2V_5B
    smaller = "-p tiling=true"


class I2v480(WanImageToVideo):
    """Wan 2.1 I2V 14B 480P."""

    options: ClassVar[type[LocalOptions]] = known.I2v480Options
    weights: ClassVar[Weights] = weights.I2V_480P


class I2v720(WanImageToVideo):
    """Wan 2.1 I2V 14B 720P."""

    options: ClassVar[type[LocalOptions]] = known.I2v720Options
    weights: ClassVar[Weights] = weights.I2V_720P


class Flf2v720(WanImageToVideo):
    """Wan 2.1 FLF2V 14B 720P: shown the last frame as well."""

    options: ClassVar[type[LocalOptions]] = known.Flf2v720Options
    weights: ClassVar[Weights] = weights.FLF2V_720P
