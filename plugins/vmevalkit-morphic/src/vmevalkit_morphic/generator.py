"""The generator: Wan 2.2 A14B with a LoRA on its expert for high noise."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from vmevalkit_core import LocalOptions, LocalRequest, LocalSetup, MissingWeights, ModelError, Weights
from vmevalkit_morphic import lora
from vmevalkit_morphic.options import MorphicOptions
from vmevalkit_wan import I2V_A14B, WanImageToVideo

LORA_FILE = "lora_interpolation_high_noise_final.safetensors"
LORA = Weights(
    repo="morphic/Wan2.2-frames-to-video",
    gigabytes=0.6,
    licence="see the model card",
    files=(LORA_FILE,),
    include=(LORA_FILE,),
)
LORA_HINT = f"download it with: {LORA.download}; or name it with -p lora=FILE or MORPHIC_LORA_WEIGHTS_PATH"
ORIGINAL_LAYOUT = "high_noise_model"
"""A folder that only the authors' own code can read has this in it."""


class Morphic(WanImageToVideo):
    """Frames to video: shown a first and a last frame."""

    options: ClassVar[type[LocalOptions]] = MorphicOptions
    weights: ClassVar[Weights] = I2V_A14B
    packages = (*WanImageToVideo.packages, "peft")
    extra = "vmevalkit-morphic"
    experts = 2
    smaller = "-p tiling=true"

    _lora: Mapping[str, Any] = {}

    def check(self, options: Mapping[str, Any]) -> None:
        """As Wan does, and the LoRA as well."""
        super().check(options)
        self.lora_file(self.options.model_validate(options))

    def find(self, weights: Weights, options: LocalOptions) -> Path:
        """As the base does; MORPHIC_WAN2_CKPT_DIR counts where no option names a folder."""
        named = options.weights or self.context.env.get("MORPHIC_WAN2_CKPT_DIR")
        try:
            return super().find(weights, options.model_copy(update={"weights": named}))
        except MissingWeights as error:
            if named and Path(named, ORIGINAL_LAYOUT).expanduser().is_dir():
                message = f"{named} has the layout of the authors' own code, which diffusers cannot read"
                raise MissingWeights(message, hint=error.hint) from error
            raise

    def lora_file(self, options: Any) -> Path:
        """The file of the LoRA; MissingWeights where there is none."""
        named = options.lora or self.context.env.get("MORPHIC_LORA_WEIGHTS_PATH")
        if named and (file := Path(named).expanduser()).suffix == ".safetensors":
            if file.is_file():
                return file
            raise MissingWeights(f"the LoRA {file} is no file", hint=LORA_HINT)
        try:
            return super().find(LORA, options.model_copy(update={"weights": named})) / LORA_FILE
        except MissingWeights as error:
            raise MissingWeights(error.message, hint=LORA_HINT) from error

    def tune(self, pipe: Any, setup: LocalSetup) -> None:
        """Put the LoRA on the expert for high noise, as strong as it was trained."""
        options: Any = setup.options
        file = self.lora_file(options)
        found = lora.read(file, alpha=options.lora_alpha)
        lora.put_on(pipe, found, strength=options.lora_strength)
        self._lora = found.facts | {"strength": options.lora_strength}

    def render(self, request: LocalRequest) -> tuple[Any, float]:
        """As Wan does, between two frames."""
        if request.last_frame is None:
            raise ModelError(f"{self.spec.name} was shown no last frame", hint="it draws from a first to a last frame")
        request.facts["lora"] = dict(self._lora)
        return super().render(request)
