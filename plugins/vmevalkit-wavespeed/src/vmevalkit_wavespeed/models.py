"""Every model, as data: specs, options, prices, picture rules and request bodies all come from here.

Names are those under which these models were known before; ids, fields and bounds are those of WaveSpeed's model pages
in November 2026. Prices come from pages of different months, and those that no page names are unknown.
"""

from __future__ import annotations

from vmevalkit_wavespeed.catalog import Model, Tier

_SIZES = {"480p": ((832, 480), (480, 832)), "720p": ((1280, 720), (720, 1280)), "1080p": ((1920, 1080), (1080, 1920))}
_AREAS = {"480p": 832 * 480, "720p": 1280 * 720}
_WAN_21 = (
    "negative_prompt",
    "num_inference_steps",
    "guidance_scale",
    "flow_shift",
    "enable_safety_checker",
)
_VEO = ("generate_audio", "negative_prompt")
_KINDS = ("", "-ultra-fast", "-lora", "-lora-ultra-fast")

_PRICES_21 = {
    "i2v-480p-ultra-fast": ((5, "0.125"),),
    "i2v-720p": ((5, "0.30"), (10, "0.45")),
    "i2v-720p-ultra-fast": ((5, "0.225"), (10, "0.338")),
}
_PRICES_22 = {
    "i2v-480p-ultra-fast": ((5, "0.05"), (8, "0.08")),
    "i2v-720p": ((5, "0.30"), (8, "0.48")),
    "i2v-720p-ultra-fast": ((5, "0.10"), (8, "0.16")),
}
_VEO_FAST_PRICES = ((4, "1.20"), (6, "1.20"), (8, "1.20"))
"""One price for a run is all that is known, so it is taken for that of the dearest."""


def _loras(kind: str) -> tuple[str, ...]:
    return ("loras",) if "-lora" in kind else ()


def _wan_21(tier: str, kind: str) -> Model:
    slug = f"i2v-{tier}{kind}"
    return Model(
        name=f"wavespeed-wan-2.1-{slug}",
        id=f"wavespeed-ai/wan-2.1/{slug}",
        title=f"WAN 2.1 {slug}",
        tiers=(Tier(name=tier, sizes=_SIZES[tier]),),
        shape="size",
        lengths=(5, 10),
        length=5,
        prices=_PRICES_21.get(slug, ()),
        extras=(*_WAN_21, *_loras(kind)),
    )


def _wan_22(tier: str, kind: str) -> Model:
    slug = f"i2v-{tier}{kind}"
    return Model(
        name=f"wavespeed-wan-2.2-{slug}",
        id=f"wavespeed-ai/wan-2.2/{slug}",
        title=f"WAN 2.2 {slug}",
        tiers=(Tier(name=tier, area=_AREAS[tier]),),
        shape="picture",
        lengths=(5, 8),
        length=5,
        prices=_PRICES_22.get(slug, ()),
        # "About 0.02 a second" is what the page says.
        rough=slug == "i2v-720p-ultra-fast",
        extras=("negative_prompt", *_loras(kind)),
    )


def _wan_22_5b(kind: str) -> Model:
    return Model(
        name=f"wavespeed-wan-2.2-i2v-5b-720p{kind}",
        id=f"wavespeed-ai/wan-2.2/i2v-5b-720p{kind}",
        title=f"WAN 2.2 i2v-5b-720p{kind}",
        tiers=(Tier(name="720p", area=_AREAS["720p"]),),
        shape="picture",
        extras=_loras(kind),
    )


def _veo(name: str, slug: str, *tiers: str) -> Model:
    return Model(
        name=name,
        id=f"google/{slug}/image-to-video",
        title=f"Google {slug.replace('veo3.1', 'Veo 3.1').replace('-', ' ')}" + " at 720p" * (tiers == ("720p",)),
        tiers=tuple(Tier(name=tier, sizes=_SIZES[tier]) for tier in tiers),
        shape="aspect",
        lengths=(4, 6, 8),
        length=8,
        prices=_VEO_FAST_PRICES if slug == "veo3.1-fast" else (),
        extras=_VEO,
    )


def _sora(name: str, slug: str) -> Model:
    return Model(
        name=name,
        id=f"openai/{slug}/image-to-video",
        title=f"OpenAI {slug}",
        tiers=(Tier(name="720p", area=_AREAS["720p"]),),
        shape="picture",
        lengths=(4, 8, 12),
        length=8,
        gone="2026-09-24",
    )


_MODELS = (
    _veo("veo-3.1", "veo3.1", "1080p", "720p"),
    _veo("veo-3.1-720p", "veo3.1", "720p"),
    _veo("veo-3.1-fast", "veo3.1-fast", "1080p", "720p"),
    _veo("veo-3.1-fast-720p", "veo3.1-fast", "720p"),
    _veo("wavespeed-veo-3.1-lite", "veo3.1-lite", "720p", "1080p"),
    *(_wan_21(tier, kind) for tier in ("480p", "720p") for kind in _KINDS),
    *(_wan_22(tier, kind) for tier in ("480p", "720p") for kind in _KINDS),
    *(_wan_22_5b(kind) for kind in ("", "-lora")),
    Model(
        name="wavespeed-wan-2.2-image-to-video",
        id="wavespeed-ai/wan-2.2/image-to-video",
        title="WAN 2.2 image-to-video",
        # Its page names no upright size.
        tiers=(Tier(name="480p", sizes=((832, 480),)), Tier(name="720p", sizes=((1280, 720),))),
        shape="size",
        lengths=(5, 8),
        length=5,
        extras=("negative_prompt",),
    ),
    _sora("sora-2-wavespeed", "sora-2"),
    _sora("sora-2-pro-wavespeed", "sora-2-pro"),
)
MODELS = {model.name: model for model in _MODELS}
"""The models by the names that users type; the 720p names of Veo share their ids with the others."""
