"""The options of the models, with the defaults of their authors."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from vmevalkit_core import ClipRule, LocalOptions, Unit

NEGATIVE = "worst quality, inconsistent motion, blurry, jittery, distorted"
"""The authors' own, from the example of their model card."""
DISTILLED_TIMESTEPS = (1000.0, 993.0, 987.0, 981.0, 975.0, 909.0, 725.0, 0.03)
"""Of the first pass of the authors' pipeline for distilled models, as diffusers' example for these models has it."""
TEXT_TOKENS = 256


class LtxOptions(LocalOptions):
    """What all models of the family can be asked for."""

    loading: ClassVar[frozenset[str]] = LocalOptions.loading | {"compile"}

    negative_prompt: str = NEGATIVE
    """What the clip should not be; without effect where `guidance` is 1."""
    guidance: float = Field(3.0, ge=1.0, le=20.0)
    """How closely it follows the prompt; 1 switches guidance, and half of the work, off."""
    guidance_rescale: float = Field(0.0, ge=0.0, le=1.0)
    """Against the glare of strong guidance, so without effect where that is 1; 0.7 is for undistilled 13B weights."""
    decode_timestep: float = Field(0.05, ge=0.0, le=1.0)
    """The noise level at which the video is decoded, from 0.9.1 on; older weights ignore it."""
    decode_noise: float = Field(0.025, ge=0.0, le=1.0)
    """How much noise is mixed in before that."""
    image_noise: float = Field(0.0, ge=0.0, le=1.0)
    """Noise on the first frame while the rest is drawn, from 0.9.5 on: more brings motion and takes fidelity."""
    image_crf: Annotated[int, Unit("CRF")] = Field(0, ge=0, le=51)
    """Sends the first frame through H.264 of that quality before; the model was trained on such frames. 0 is off."""
    tiling: bool = False
    """Decodes in tiles: less memory, and pixels that differ a little."""
    compile: bool = False
    """Compiles the repeated blocks: a minute for each shape, then faster steps, and pixels that differ a little."""


class LtxVideoOptions(LtxOptions):
    """Of the 2B model as it was released."""

    rule: ClassVar[ClipRule] = ClipRule(
        multiple=32,
        area=704 * 480,
        most_pixels=1280 * 768,
        frame_step=8,
        most_frames=257,
        fps=24,
        first_frame="copy",
        text_tokens=TEXT_TOKENS,
    )

    # 161 frames of 704 x 480 at 24 per second, 50 steps, guidance 3: the example of the model card in diffusers.
    frames: Annotated[int, Unit("frames")] = Field(161, ge=1)
    """Frames of the clip; the model draws the next of 9, 17, 25, ... and what is too many is cut off."""
    # One step would be divided by nothing: these weights' schedule ends at a noise level of its own.
    steps: int = Field(50, ge=2, le=200)
    """Denoising steps; the authors recommend 30 to 50."""


class DistilledOptions(LtxOptions):
    """Of models that are distilled to a few steps."""

    rule: ClassVar[ClipRule] = ClipRule(
        multiple=32,
        area=1216 * 704,
        most_pixels=1280 * 768,
        frame_step=8,
        most_frames=257,
        fps=30,
        first_frame="copy",
        text_tokens=TEXT_TOKENS,
    )

    # 121 frames of 1216 x 704 at 30 per second: the defaults of the authors' inference.py.
    frames: Annotated[int, Unit("frames")] = Field(121, ge=1)
    """Frames of the clip; the model draws the next of 9, 17, 25, ... and what is too many is cut off."""
    fps: Annotated[float, Unit("frames/s")] = Field(30.0, ge=1, le=120)
    """Frames per second."""
    guidance: float = Field(1.0, ge=1.0, le=20.0)
    """Distilled models need none; more than 1 doubles the work."""
    steps: int | None = Field(None, ge=1, le=50)
    """Evenly spread steps instead of the 8 that the authors chose."""
