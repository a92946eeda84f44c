"""The generators: HunyuanVideo through diffusers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

from PIL import Image

from vmevalkit_core import WITH_LAYERS, ConfigError, LocalGenerator, LocalOptions, LocalRequest, LocalSetup, Weights
from vmevalkit_core import place_pipeline as placed
from vmevalkit_hunyuan import fifteen, loading, thirteen, weights
from vmevalkit_hunyuan import options as known

LICENCE_NOTE = "%s: the Tencent Hunyuan Community License is not valid in the EU, the UK and South Korea"


class _Hunyuan(LocalGenerator):
    """What both generations share."""

    packages = ("torch", "diffusers", "transformers", "accelerate")
    extra = "vmevalkit-hunyuan"
    ladder = WITH_LAYERS

    _pipe: Any = None
    _encoder: Any = None

    def check(self, options: Mapping[str, Any]) -> None:
        """As the base does; it is asked once in a run, so here the licence is spoken of."""
        self.context.log.warning(LICENCE_NOTE, self.spec.name)
        super().check(options)

    def close(self) -> None:
        """Let the pipelines go."""
        self._pipe = self._encoder = None

    def _ready_to_draw(self, pipe: Any, setup: LocalSetup) -> None:
        self._pipe = placed(pipe, setup)
        if setup.options.compile:  # type: ignore[attr-defined]
            loading.compile_blocks(self._pipe)


class I2v(_Hunyuan):
    """The 13B model, final weights: the first frame's tokens are the picture's own.

    Its language model looks at picture and prompt together, so nothing can be encoded ahead. Encodings are kept, and
    the encoders, 17 GB, are loaded only for one that is new; they then stay, or take turns with the transformer.
    """

    options: ClassVar[type[LocalOptions]] = known.I2vOptions
    weights: ClassVar[Weights] = weights.I2V
    smaller = "the model hunyuan-video-1.5-i2v-480p"
    condition: ClassVar[str] = "token_replace"

    _setup: LocalSetup

    def check(self, options: Mapping[str, Any]) -> None:
        """As the base does, and whether the folder holds the kind that the model's name promises."""
        super().check(options)
        known: Any = self.options.model_validate(options)
        folder = self.find(self.weights, known)
        config = loading.transformer_config(folder)
        if (found := config.get("image_condition_type")) != self.condition:
            raise ConfigError(
                f"{folder} takes its picture by {found}, and {self.spec.name} by {self.condition}",
                hint=f"name a folder with {self.weights.repo}, or the other model of the two",
            )
        if known.guidance != 1 and not config.get("guidance_embeds"):
            raise ConfigError(
                f"the transformer in {folder} has no place for guidance",
                hint="-p guidance=1, and -p true_guidance=N for guidance at twice the work",
            )

    def load(self, setup: LocalSetup) -> None:
        """Everything but the text encoders."""
        self._setup = setup
        self._ready_to_draw(thirteen.video_pipeline(setup), setup)

    def render(self, request: LocalRequest) -> tuple[Any, float]:
        """Encode what is new, denoise, check, decode."""
        options: Any = request.options
        embeddings = self._embedding(request.first_frame, request.prompt)
        tokens = embeddings.pop("tokens")
        if options.true_guidance > 1:
            black = Image.new("RGB", request.size)
            against = self._embedding(black, options.negative_prompt)
            against.pop("tokens")
            embeddings |= {f"negative_{name}": value for name, value in against.items()}
        loading.set_shift(self._pipe, options.shift)
        self._pipe.vae.use_tiling = options.tiling
        latents = thirteen.denoised(self._pipe, request, embeddings)
        frames = loading.decoded(self._pipe, latents, thirteen.DROPPED[self.condition])
        request.facts.update(loading.facts(self._pipe, options, tokens))
        request.facts.update(image_condition=self.condition, true_guidance=options.true_guidance)
        return frames, request.fps

    def _embedding(self, picture: Image.Image, prompt: str) -> dict[str, Any]:
        interleave = thirteen.INTERLEAVE[self.condition]
        # What the setup calls bfloat16 is on an accelerator, by default, float16 for the encoders.
        name = f"{self._setup.options.dtype} {thirteen.name_of(picture, prompt, interleave)}"
        return dict(self.kept(name, lambda: self._encoded_now(picture, prompt, interleave)))

    def _encoded_now(self, picture: Image.Image, prompt: str, interleave: int) -> dict[str, Any]:
        if self._encoder is None:
            setup = self._setup
            if setup.memory == "layers":  # those of the encoders are not diffusers' own
                setup = dataclasses.replace(setup, memory="offload")
            self._encoder = placed(thirteen.text_pipeline(setup), setup)
        return thirteen.encoded(self._encoder, picture, prompt, interleave)


class I2v33Channels(I2v):
    """The 13B model as first released: the picture stands beside the noise, in channels of its own."""

    options: ClassVar[type[LocalOptions]] = known.I2v33ChannelsOptions
    weights: ClassVar[Weights] = weights.I2V_33CH
    condition = "latent_concat"


class _I2v15(_Hunyuan):
    """Version 1.5: 8.3B, and a text side that does not look at the picture."""

    _own_shift = 1.0

    def texts(self, prompt: str, options: known.I2v15Options) -> tuple[str, ...]:
        """The prompt, and what the clip should not be where guidance looks at it."""
        return (prompt, options.negative_prompt) if options.guidance > 1 else (prompt,)

    def load_text_encoder(self, setup: LocalSetup) -> None:
        """Qwen2.5-VL, 16 GB, and ByT5 for words in quotes."""
        self._encoder = fifteen.text_pipeline(setup)

    def encode_text(self, text: str) -> dict[str, Any]:
        """Both embeddings with their masks, on the CPU."""
        return fifteen.encoded(self._encoder, text)

    def free_text_encoder(self) -> None:
        """Its memory is needed for the clip."""
        self._encoder = None

    def load(self, setup: LocalSetup) -> None:
        """Transformer, VAE and image encoder."""
        pipe = fifteen.video_pipeline(setup)
        self._own_shift = float(pipe.scheduler.config.shift)
        self._ready_to_draw(pipe, setup)

    def render(self, request: LocalRequest) -> tuple[Any, float]:
        """Denoise, check, decode."""
        options: Any = request.options
        loading.set_shift(self._pipe, options.shift or self._own_shift)
        self._pipe.vae.use_tiling = options.tiling
        latents = fifteen.denoised(self._pipe, request)
        frames = loading.decoded(self._pipe, latents)
        request.facts.update(loading.facts(self._pipe, options, request.texts[request.prompt]["tokens"]))
        return frames, request.fps


class I2v15At480p(_I2v15):
    """At 480p."""

    options: ClassVar[type[LocalOptions]] = known.I2v15At480pOptions
    weights: ClassVar[Weights] = weights.I2V_15_480P


class I2v15At720p(_I2v15):
    """At 720p."""

    options: ClassVar[type[LocalOptions]] = known.I2v15At720pOptions
    weights: ClassVar[Weights] = weights.I2V_15_720P
    smaller = "the model hunyuan-video-1.5-i2v-480p"
