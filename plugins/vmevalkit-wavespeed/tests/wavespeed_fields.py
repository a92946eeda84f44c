"""What WaveSpeed's models take, written down from its pages and apart from the plugin: fields and their values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Check = Callable[[Any], bool]


def one_of(*allowed: object) -> Check:
    """One of some values, of the same type."""
    return lambda value: any(type(value) is type(one) and value == one for one in allowed)


def number(least: float, most: float) -> Check:
    """A number in a range."""
    return lambda value: isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


def whole(least: int, most: int) -> Check:
    """A whole number in a range, and not as a text."""
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def text(value: Any) -> bool:
    """A text that says something."""
    return isinstance(value, str) and bool(value)


def link(value: Any) -> bool:
    """A link: pictures travel in no other way."""
    return isinstance(value, str) and value.startswith(("http://", "https://"))


def loras(value: Any) -> bool:
    """Up to three LoRAs."""
    return (
        isinstance(value, list)
        and len(value) <= 3
        and all(set(one) == {"path", "scale"} and text(one["path"]) and number(0, 4)(one["scale"]) for one in value)
    )


SEED = whole(-1, 2**31 - 1)
BASE: dict[str, Check] = {"image": link, "prompt": text, "seed": SEED}
SIZES = {"480p": ("832*480", "480*832"), "720p": ("1280*720", "720*1280")}


def fields_of(model: str) -> dict[str, Check] | None:
    """The fields of a model; None where WaveSpeed has no such model."""
    vendor, _, rest = model.partition("/")
    family, _, slug = rest.partition("/")
    if vendor == "google" and family in ("veo3.1", "veo3.1-fast", "veo3.1-lite") and slug == "image-to-video":
        return _veo()
    if (vendor, family, slug) == ("wavespeed-ai", "wan-2.2", "image-to-video"):
        sizes = one_of("832*480", "1280*720")
        return BASE | {"negative_prompt": text, "duration": one_of(5, 8), "size": sizes}
    if vendor != "wavespeed-ai" or family not in ("wan-2.1", "wan-2.2"):
        return None
    return _wan(family, slug)


def _veo() -> dict[str, Check]:
    return BASE | {
        "aspect_ratio": one_of("16:9", "9:16"),
        "duration": one_of(4, 6, 8),
        "resolution": one_of("720p", "1080p"),
        "generate_audio": one_of(True, False),
        "negative_prompt": text,
    }


def _wan(family: str, slug: str) -> dict[str, Check] | None:
    plain = slug.removesuffix("-ultra-fast").removesuffix("-lora")
    more = {"loras": loras} if "-lora" in slug else {}
    if family == "wan-2.2" and plain == "i2v-5b-720p" and not slug.endswith("-ultra-fast"):
        return BASE | more
    if plain not in ("i2v-480p", "i2v-720p"):
        return None
    if family == "wan-2.2":
        return BASE | more | {"negative_prompt": text, "duration": one_of(5, 8)}
    return (
        BASE
        | more
        | {
            "negative_prompt": text,
            "size": one_of(*SIZES[plain.removeprefix("i2v-")]),
            "duration": one_of(5, 10),
            "num_inference_steps": whole(1, 40),
            "guidance_scale": number(1.01, 10),
            "flow_shift": number(1, 10),
            "enable_safety_checker": one_of(True, False),
        }
    )


def complaint(model: str, body: dict[str, Any]) -> str:
    """What is wrong with a body; empty where nothing is."""
    fields = fields_of(model)
    assert fields is not None
    for name in ("image", "prompt"):
        if name not in body:
            return f"{name} is required"
    for name, value in body.items():
        if name not in fields:
            return f"{name} is not a field of {model}"
        if not fields[name](value):
            return f"{name} has a wrong value: {value!r}"
    return ""
