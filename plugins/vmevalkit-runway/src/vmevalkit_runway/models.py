"""Every model, as data: specs, options, prices, picture rules and request bodies all come from here.

Fields and values are those of Runway's official SDK `runwayml` 5.24.0; prices are those of its price page in November
2026, where the order of several prices of one model is taken to follow the resolution.
"""

from __future__ import annotations

from vmevalkit_runway.catalog import FULL_HD, Length, Model, Tier

_GEN4 = ((1280, 720), (720, 1280), (1104, 832), (832, 1104), (960, 960), (1584, 672))
_WIDE = ((1280, 720), (720, 1280))
_FULL = ((1920, 1080), (1080, 1920))
_ULTRA = ((3840, 2160), (2160, 3840))
_SEEDANCE_480 = ((992, 432), (864, 496), (752, 560), (640, 640), (560, 752), (496, 864))
_SEEDANCE_25_480 = ((992, 432), (854, 480), (752, 560), (640, 640), (560, 752), (480, 854))
_SEEDANCE_720 = ((1470, 630), (1280, 720), (1112, 834), (960, 960), (834, 1112), (720, 1280))
_SEEDANCE_1080 = ((2206, 946), (1920, 1080), (1664, 1248), (1440, 1440), (1248, 1664), (1080, 1920))
_SEEDANCE_4K = ((3840, 1646), (3840, 2160), (3840, 2880), (3840, 3840), (2880, 3840), (2160, 3840))

_MODELS = (
    Model(
        id="gen4_turbo",
        title="Gen-4 Turbo",
        tiers=(Tier(name="720p", credits=5, sizes=_GEN4),),
        shape="pixels",
        length=Length(least=2, most=10),
        bare=True,
        prompt_limit=1000,
        seeds=True,
        extras=("public_figure_threshold",),
    ),
    Model(
        id="gen4.5",
        title="Gen-4.5",
        tiers=(Tier(name="720p", credits=12, sizes=_GEN4),),
        shape="pixels",
        # Its pictures may be at most twice as wide as high, and what does not fit its ratio is cut off.
        shy=((1584, 672),),
        length=Length(least=2, most=10),
        prompt_required=True,
        prompt_limit=1000,
        seeds=True,
        extras=("output_format", "public_figure_threshold"),
    ),
    *(
        Model(
            id=name,
            title=title,
            tiers=(
                Tier(name="720p", credits=silent, with_audio=loud, sizes=_WIDE),
                Tier(name="1080p", credits=silent, with_audio=loud, sizes=_FULL),
            ),
            shape="pixels",
            length=Length(choices=(4, 6, 8)),
            prompt_limit=1000,
            seeds=True,
            extras=("audio", "negative_prompt"),
        )
        for name, title, silent, loud in (("veo3.1", "Veo 3.1", 20, 40), ("veo3.1_fast", "Veo 3.1 Fast", 10, 15))
    ),
    Model(
        id="gemini_omni_flash",
        title="Gemini Omni Flash",
        tiers=(Tier(name="720p", credits=10, sizes=_WIDE),),
        shape="pixels",
        length=Length(least=3, most=10),
    ),
    Model(
        id="gemini_omni_flash_1.1",
        title="Gemini Omni Flash 1.1",
        tiers=(
            Tier(name="360p", sizes=((640, 360), (360, 640))),
            Tier(name="720p", sizes=_WIDE),
            Tier(name="1080p", sizes=_FULL),
            Tier(name="4k", sizes=_ULTRA),
        ),
        shape="pixels",
        length=Length(least=3, most=10, auto=True),
        prompt_required=True,
    ),
    Model(
        id="kling2.5_turbo_pro",
        title="Kling 2.5 Turbo Pro",
        tiers=(Tier(name="1080p", area=FULL_HD),),
        shape="picture",
        length=Length(choices=(5, 10)),
        prompt_required=True,
        extras=("cfg_scale",),
    ),
    *(
        Model(
            id=f"{brand}_{grade}",
            title=f"{title} {grade.upper() if grade == '4k' else grade.capitalize()}",
            tiers=(Tier(name=tier, sizes=sizes),),
            shape="pixels",
            length=Length(),
            extras=extras,
        )
        for brand, title, extras in (
            ("kling3.0", "Kling 3.0", ("audio", "cfg_scale")),
            ("klingO3", "Kling O3", ("audio",)),
        )
        for grade, tier, sizes in (
            ("standard", "720p", (*_WIDE, (960, 960))),
            ("pro", "1080p", (*_FULL, (1440, 1440))),
            ("4k", "4k", (*_ULTRA, (2880, 2880))),
        )
    ),
    Model(
        id="kling_4",
        title="Kling 4",
        tiers=(Tier(name="720p"), Tier(name="1080p", area=FULL_HD)),
        shape="auto",
        length=Length(),
        bare=True,
    ),
    Model(
        id="seedance2",
        title="Seedance 2.0",
        tiers=(
            Tier(name="480p", credits=36, sizes=_SEEDANCE_480),
            Tier(name="720p", credits=36, sizes=_SEEDANCE_720),
            Tier(name="1080p", credits=40, sizes=_SEEDANCE_1080),
            Tier(name="4k", credits=150, sizes=_SEEDANCE_4K),
        ),
        shape="pixels",
        length=Length(auto=True),
        prompt_limit=3500,
        seeds=True,
        extras=("audio",),
    ),
    *(
        Model(
            id=name,
            title=title,
            tiers=(
                Tier(name="480p", credits=rate, sizes=_SEEDANCE_480),
                Tier(name="720p", credits=rate, sizes=_SEEDANCE_720),
            ),
            shape="pixels",
            length=Length(auto=True),
            prompt_limit=3500,
            seeds=True,
            extras=("audio",),
        )
        for name, title, rate in (
            ("seedance2_fast", "Seedance 2.0 Fast", 29),
            ("seedance2_mini", "Seedance 2.0 Mini", 16),
        )
    ),
    Model(
        id="seedance2_5",
        title="Seedance 2.5",
        tiers=(
            Tier(name="480p", credits=20, sizes=_SEEDANCE_25_480),
            Tier(name="720p", credits=30, sizes=_SEEDANCE_720),
            Tier(name="1080p", credits=68, sizes=_SEEDANCE_1080),
        ),
        shape="pixels",
        length=Length(auto=True),
        prompt_limit=15000,
        seeds=True,
        extras=("audio", "draft"),
    ),
    Model(
        id="hailuo3",
        title="Hailuo 3.0",
        tiers=(Tier(name="768p", credits=10, area=1366 * 768), Tier(name="2k", credits=15, area=2560 * 1440)),
        shape="aspect",
        aspects=((21, 9), (16, 9), (4, 3), (1, 1), (3, 4), (9, 16)),
        length=Length(),
        prompt_required=True,
    ),
    Model(
        id="h3_max",
        title="MiniMax H3 Max",
        tiers=(Tier(name="480p", credits=5), Tier(name="768p", credits=8, area=1366 * 768)),
        shape="resolution",
        length=Length(),
        prompt_required=True,
        seeds=True,
        extras=("prompt_expansion_mode",),
    ),
    Model(
        id="happyhorse_1_0",
        title="HappyHorse 1.0",
        tiers=(Tier(name="720p", credits=15), Tier(name="1080p", credits=30, area=FULL_HD)),
        shape="resolution",
        length=Length(),
        prompt_limit=2500,
    ),
    Model(
        id="grok_imagine_1_5",
        title="Grok Imagine 1.5",
        tiers=(
            Tier(name="480p", credits=10),
            Tier(name="720p", credits=16),
            Tier(name="1080p", credits=29, area=FULL_HD),
        ),
        shape="resolution",
        length=Length(),
    ),
    Model(
        id="grok_imagine_1_5_lite",
        title="Grok Imagine 1.5 Lite",
        tiers=(Tier(name="480p"), Tier(name="720p"), Tier(name="1080p", area=FULL_HD)),
        shape="auto",
        length=Length(),
    ),
    Model(
        id="wan3",
        title="Wan 3",
        tiers=(
            Tier(name="480p", credits=5),
            Tier(name="720p", credits=10),
            Tier(name="1080p", credits=20, area=FULL_HD),
        ),
        shape="auto",
        length=Length(),
        prompt_required=True,
        extras=("audio",),
    ),
    Model(
        id="wan3_prime",
        title="Wan 3 Prime",
        tiers=(Tier(name="480p"), Tier(name="720p"), Tier(name="1080p", area=FULL_HD)),
        shape="auto",
        length=Length(),
        prompt_required=True,
        extras=("audio",),
    ),
    Model(
        id="gen4_aleph",
        title="Gen-4 Aleph",
        tiers=(Tier(name="720p", sizes=_GEN4),),
        shape="pixels",
        length=Length(choices=(5,)),
        bare=True,
        prompt_required=True,
        prompt_limit=1000,
        seeds=True,
        # Its heir aleph2 changes videos, as it did itself: no model for pictures replaces it.
        gone="2026-07-30",
    ),
    Model(
        id="gen3a_turbo",
        title="Gen-3 Alpha Turbo",
        tiers=(Tier(name="768p", sizes=((1280, 768), (768, 1280))),),
        shape="pixels",
        length=Length(choices=(5, 10)),
        bare=True,
        prompt_required=True,
        prompt_limit=1000,
        seeds=True,
        gone="2026-06-10",
        successor="runway-gen4-turbo",
    ),
    Model(
        id="veo3",
        title="Veo 3",
        tiers=(Tier(name="720p", sizes=_WIDE), Tier(name="1080p", sizes=_FULL)),
        shape="pixels",
        length=Length(choices=(8,)),
        prompt_limit=1000,
        extras=("negative_prompt",),
        # The day of version 5.14.0 of Runway's own client, the first without it.
        gone="2026-08-13",
        successor="runway-veo3.1",
    ),
)

MODELS = {model.id: model for model in _MODELS}
"""Every model by Runway's id: Runway's own, its guests, then what is gone."""
