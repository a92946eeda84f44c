"""What Runway's image_to_video takes of each model: fields, bounds, credits a second."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Check = Callable[[Any], str | None]
"""What is wrong with a value; None where nothing is."""

LARGEST_URI = 5_000_000
"""Characters of a data URI; "5 MB" is read the strict way."""
USUAL_SECONDS = 5
"""Of a model that may be asked without a duration; a guess."""
AREAS = {"480p": 450_000, "720p": 1_000_000, "1080p": 2_100_000, "4k": 10**9}
"""The most pixels of each resolution, for ratios that are sizes."""
DATA_URI = re.compile(r"data:image/(?:png|jpeg|webp);base64,")


def one_of(*allowed: object) -> Check:
    """One of some values, of the same type."""
    text = f"expected one of {', '.join(map(str, allowed))}"
    return lambda value: None if any(type(value) is type(one) and value == one for one in allowed) else text


def whole(least: int, most: int, *, or_auto: bool = False) -> Check:
    """A whole number in a range, and not as a text."""

    def check(value: Any) -> str | None:
        good = isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
        return None if good or (or_auto and value == "auto") else f"expected an integer from {least} to {most}"

    return check


def text(most: int) -> Check:
    """A text of 1 to so many UTF-16 code units."""

    def check(value: Any) -> str | None:
        units = len(value.encode("utf-16-le", "surrogatepass")) // 2 if isinstance(value, str) else 0
        return None if 1 <= units <= most else f"expected a string of 1 to {most} UTF-16 code units"

    return check


def kind(*types: type) -> Check:
    """A value of a type."""
    return lambda value: None if isinstance(value, types) else "wrong type"


def number(least: float, most: float) -> Check:
    """A number in a range."""
    return lambda value: (
        None if isinstance(value, int | float) and least <= value <= most else f"expected {least} to {most}"
    )


def picture(positions: tuple[str, ...]) -> Check:
    """A URI, or a list of positions with a URI each."""

    def check(value: Any) -> str | None:
        if isinstance(value, str):
            return uri_problem(value)
        if not isinstance(value, list) or not value:
            return "expected a string or a list"
        for entry in value:
            if not isinstance(entry, dict) or set(entry) != {"position", "uri"} or entry["position"] not in positions:
                return f"expected uri, and position out of {', '.join(positions)}"
        return next((wrong for entry in value if (wrong := uri_problem(entry["uri"]))), None)

    return check


def uri_problem(uri: Any) -> str | None:
    """What is wrong with the address of a picture."""
    if not isinstance(uri, str):
        return "expected a string"
    if uri.startswith("data:"):
        return _data_problem(uri)
    if uri.startswith("runway://"):
        return None
    named = re.match(r"https://(?![\d.]+(?:[:/]|$))[\w.-]+\.[a-z]+(?:[:/]|$)", uri)
    return None if named and len(uri) <= 2048 else "expected a data URI, a runway:// URI or an HTTPS URL with a domain"


def _data_problem(uri: str) -> str | None:
    found = DATA_URI.match(uri)
    if found is None:
        return "expected PNG, JPEG or WebP as base64"
    if len(uri) > LARGEST_URI:
        return "the data URI is larger than 5 MB"
    try:
        content = base64.b64decode(uri[found.end() :], validate=True)
    except binascii.Error:
        return "invalid base64"
    return None if content else "the picture is empty"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What one model takes."""

    credits: int | Mapping[str, int]
    """A second, or that by the name of a resolution; a body that names none is charged the most."""
    silent: int | None = None
    """A second without sound, where that is cheaper."""
    checks: Mapping[str, Check]
    required: tuple[str, ...] = ()
    """Beside `model` and `promptImage`."""
    positions: tuple[str, ...] = ("first", "last")
    most_seconds: int = 10
    """Charged at first for a duration of `auto`."""

    @property
    def all_checks(self) -> dict[str, Check]:
        """The checks of every field."""
        return {"model": kind(str), "promptImage": picture(self.positions)} | dict(self.checks)

    def charge(self, body: Mapping[str, Any]) -> int:
        """The credits of a job."""
        seconds = body.get("duration") or USUAL_SECONDS
        a_second = self.credits if isinstance(self.credits, int) else _by_resolution(self.credits, body)
        if self.silent is not None and body.get("audio") is False:
            a_second = self.silent
        return a_second * (self.most_seconds if seconds == "auto" else int(seconds))


def _by_resolution(prices: Mapping[str, int], body: Mapping[str, Any]) -> int:
    named = str(body.get("resolution", body.get("ratio", ""))).removeprefix("auto_")
    pixels = re.fullmatch(r"(\d+):(\d+)", named)
    if pixels and int(pixels[1]) > 100:
        area = int(pixels[1]) * int(pixels[2])
        named = next(name for name, most in AREAS.items() if area <= most)
    return prices.get(named, max(prices.values()))


def _take(**checks: Check) -> dict[str, Check]:
    return {"promptText": text(1000), "duration": whole(1, 60)} | checks


def _ratio(words: str) -> dict[str, Check]:
    return {"ratio": one_of(*words.split())}


SIX = "1280:720 720:1280 1104:832 832:1104 960:960 1584:672"
VEO = "1280:720 720:1280 1920:1080 1080:1920"
OMNI = "640:360 360:640 1280:720 720:1280 1920:1080 1080:1920 3840:2160 2160:3840"
SEED, FLAG, THING = whole(0, 4294967295), kind(bool), kind(dict, list)
GEN4 = {"seed": SEED, "contentModeration": kind(dict), "duration": whole(2, 10)}
VEO_FIELDS = {"duration": one_of(4, 6, 8), "audio": FLAG, "negativePrompt": text(1000), "seed": SEED}
KLING = {"audio": FLAG, "providerSettings": THING}
CFG = {"cfgScale": number(0, 1)}
SMALL, LARGE, HUGE = "1280:720 720:1280 960:960", "1920:1080 1080:1920 1440:1440", "3840:2160 2160:3840 2880:2880"
SEEDANCE = {"duration": whole(1, 60, or_auto=True), "audio": FLAG, "seed": SEED, "ratio": kind(str)}
FIRST = ("first",)
GROK = {"480p": 10, "720p": 16, "1080p": 29}
MODELS: dict[str, Model] = {
    "gen4_turbo": Model(credits=5, checks=_take(**_ratio(SIX), **GEN4), required=("ratio",), positions=FIRST),
    "gen4.5": Model(
        credits=12,
        checks=_take(**_ratio(SIX), **GEN4, outputFormat=kind(str)),
        required=("ratio", "duration", "promptText"),
        positions=FIRST,
    ),
    "veo3.1": Model(credits=40, silent=20, checks=_take(**_ratio(VEO), **VEO_FIELDS), required=("ratio",)),
    "veo3.1_fast": Model(credits=15, silent=10, checks=_take(**_ratio(VEO), **VEO_FIELDS), required=("ratio",)),
    "gemini_omni_flash": Model(
        credits=10, checks=_take(**_ratio("1280:720 720:1280"), duration=whole(3, 10)), positions=FIRST
    ),
    "gemini_omni_flash_1.1": Model(
        credits=10, checks=_take(**_ratio(OMNI), duration=whole(3, 10, or_auto=True)), required=("promptText",)
    ),
    "kling2.5_turbo_pro": Model(credits=10, checks=_take(duration=one_of(5, 10), **CFG), required=("promptText",)),
    "kling3.0_standard": Model(credits=10, checks=_take(**_ratio(SMALL), **KLING, **CFG)),
    "klingO3_standard": Model(credits=10, checks=_take(**_ratio(SMALL), **KLING)),
    "kling3.0_pro": Model(credits=10, checks=_take(**_ratio(LARGE), **KLING, **CFG)),
    "klingO3_pro": Model(credits=10, checks=_take(**_ratio(LARGE), **KLING)),
    "kling3.0_4k": Model(credits=10, checks=_take(**_ratio(HUGE), **KLING, **CFG)),
    "klingO3_4k": Model(credits=10, checks=_take(**_ratio(HUGE), **KLING)),
    "kling_4": Model(credits=10, checks=_take(**_ratio("auto_720p auto_1080p"), references=THING)),
    "seedance2": Model(
        credits={"480p": 36, "720p": 36, "1080p": 40, "4k": 150}, checks=_take(**SEEDANCE, promptText=text(3500))
    ),
    "seedance2_fast": Model(credits=29, checks=_take(**SEEDANCE, promptText=text(3500))),
    "seedance2_mini": Model(credits=16, checks=_take(**SEEDANCE, promptText=text(3500))),
    "seedance2_5": Model(
        credits={"480p": 20, "720p": 30, "1080p": 68},
        checks=_take(**SEEDANCE, draft=FLAG, outputFormat=one_of("mp4", "mov"), promptText=text(15000)),
    ),
    "hailuo3": Model(
        credits={"768p": 10, "2k": 15},
        checks=_take(**_ratio("adaptive 21:9 16:9 4:3 1:1 3:4 9:16"), resolution=one_of("768p", "2k")),
        required=("promptText",),
    ),
    "h3_max": Model(
        credits={"480p": 5, "768p": 8},
        checks=_take(resolution=one_of("480p", "768p"), promptExpansionMode=kind(str), seed=SEED),
        required=("promptText",),
    ),
    "happyhorse_1_0": Model(
        credits={"720p": 15, "1080p": 30},
        checks=_take(resolution=one_of("720p", "1080p"), promptText=text(2500)),
        positions=FIRST,
    ),
    "grok_imagine_1_5": Model(credits=GROK, checks=_take(resolution=one_of("480p", "720p", "1080p")), positions=FIRST),
    "grok_imagine_1_5_lite": Model(
        credits=GROK, checks=_take(**_ratio("auto_480p auto_720p auto_1080p")), positions=FIRST
    ),
    "wan3": Model(
        credits={"480p": 5, "720p": 10, "1080p": 20},
        checks=_take(**_ratio("auto_480p auto_720p auto_1080p"), audio=FLAG),
        required=("promptText",),
    ),
    "wan3_prime": Model(
        credits=20, checks=_take(**_ratio("auto_480p auto_720p auto_1080p"), audio=FLAG), required=("promptText",)
    ),
}
"""The models of SDK 5.24.0; the credits of Kling's models and wan3_prime, and which price is which, are guesses."""


def issues(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Everything that is wrong with a create body, as the vendor lists it."""
    model = MODELS.get(str(body.get("model")))
    if model is None:
        return [_issue("invalid_enum_value", "model", f"expected one of {', '.join(MODELS)}")]
    found = [
        _issue("invalid_type", name, "Required") for name in ("promptImage", *model.required) if body.get(name) is None
    ]
    for name, value in body.items():
        if name not in model.all_checks:
            found.append(_issue("unrecognized_keys", name, f"Unrecognized key: {name}"))
        elif value is not None and (wrong := model.all_checks[name](value)):
            found.append(_issue("custom", name, wrong))
    return found


def _issue(code: str, name: str, message: str) -> dict[str, Any]:
    return {"code": code, "path": [name], "message": message}
