"""The one place where a question's picture becomes what a model is sent, by the model's ImageRule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image

from vmevalkit_core.errors import QuestionError
from vmevalkit_core.geometry import Geometry, Size
from vmevalkit_core.media.fitting import fit_frame
from vmevalkit_core.media.images import MAX_PIXELS, Loaded, flatten, load_image
from vmevalkit_core.rules import ImageRule, MediaType

QUALITIES = (95, 90, 80, 70)
"""Of JPEG and WebP, tried in turn until a byte limit is kept; below 70 the edges of a puzzle smear."""
SHRINK = 0.8
"""By how much the area shrinks at each step where no quality keeps the limit."""
SMALLEST = 64 * 64
"""Pixels below which no picture is shrunk."""
LONGEST = {"image/jpeg": 65_500, "image/webp": 16_383}
"""Pixels of a side that the format, or its encoder, allows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A picture that a model may be sent."""

    data: bytes | None
    """The content of its file; None: the question's own file, byte for byte."""
    media_type: str
    geometry: Geometry
    treatment: tuple[str, ...]
    """What was done to the question's picture besides fitting it, in words."""
    source_sha256: str
    """Of the question's own file."""
    source_size: int
    """Its bytes."""


def prepare_image(path: str | Path, rule: ImageRule) -> Prepared:
    """What a model with that rule is sent for a picture; QuestionError or MissingFrame when there is no such thing.

    A file that keeps the rule as it is is sent as it is.
    """
    loaded = load_image(path)
    geometry = _geometry(path, rule, loaded.image.size)
    words = (*loaded.oddities, *_alpha(loaded.image, rule.background), *_foreign(loaded, rule))
    if not words and geometry.is_identity and _is_legal(loaded, rule):
        return Prepared(
            data=None,
            media_type=loaded.media_type,
            geometry=geometry,
            treatment=(),
            source_sha256=loaded.sha256,
            source_size=loaded.bytes,
        )
    wanted = geometry.sent
    geometry, data, media_type, how = _written(path, flatten(loaded.image, rule.background), rule, geometry)
    if geometry.sent != wanted:
        how = (*how, f"shrunk to {geometry.sent[0]} x {geometry.sent[1]} for at most {rule.max_bytes:,} bytes")
    return Prepared(
        data=data,
        media_type=media_type,
        geometry=geometry,
        treatment=(*words, *how),
        source_sha256=loaded.sha256,
        source_size=loaded.bytes,
    )


def like(rule: ImageRule, first: Geometry) -> ImageRule:
    """The rule for a second picture, which has to be of the size that the first one got."""
    if rule.keeps_size and first.is_identity:
        return rule
    return rule.model_copy(update={"sizes": (first.sent,)})


def _geometry(path: str | Path, rule: ImageRule, size: Size) -> Geometry:
    try:
        geometry = rule.geometry(size)
    except ValueError as error:
        raise QuestionError(
            f"{path} cannot be sent: {error}", hint="another `fit` than `exact` makes it fit"
        ) from error
    if geometry.sent[0] * geometry.sent[1] > MAX_PIXELS:
        sent = f"{geometry.sent[0]} x {geometry.sent[1]}"
        limit = f"more than {MAX_PIXELS // 1_000_000} million pixels"
        raise QuestionError(f"{path} would be sent as {sent}, {limit}", hint="choose a smaller size or another picture")
    return geometry


def _is_legal(loaded: Loaded, rule: ImageRule) -> bool:
    small = rule.max_bytes is None or loaded.bytes <= rule.max_bytes
    return small and loaded.media_type in rule.formats


def _foreign(loaded: Loaded, rule: ImageRule) -> Iterator[str]:
    """That the file is of a format which the model does not read; of SVG its drawing tells."""
    if loaded.media_type not in (*rule.formats, "image/svg+xml"):
        yield f"converted from {loaded.media_type.removeprefix('image/').upper()}"


def _alpha(image: Image.Image, background: str) -> Iterator[str]:
    if not image.has_transparency_data:
        return
    lowest, _ = image.convert("RGBA").getchannel("A").getextrema()
    yield "opaque alpha channel dropped" if lowest == 255 else f"transparent pixels laid on {background}"


def _written(
    path: str | Path, picture: Image.Image, rule: ImageRule, geometry: Geometry
) -> tuple[Geometry, bytes, MediaType, tuple[str, ...]]:
    """The geometry, content, format and treatment of the first way of writing a picture that the rule allows."""
    free = not (rule.sizes or rule.ratios or rule.fit == "exact")
    area = geometry.sent[0] * geometry.sent[1]
    while True:
        fitted = fit_frame(picture, geometry, bars=rule.bars)
        for media_type, quality in _ways(rule, max(fitted.size)):
            data = _encoded(fitted, media_type, quality)
            if rule.max_bytes is None or len(data) <= rule.max_bytes:
                return geometry, data, media_type, _words(media_type, quality, rule)
        area = int(area * SHRINK)
        if not free or rule.max_bytes is None or area < SMALLEST:
            limit = f"{rule.max_bytes:,} bytes" if rule.max_bytes else f"a file of {', '.join(rule.formats)}"
            size = f"{fitted.width} x {fitted.height}"
            raise QuestionError(f"{path} does not fit into {limit} at {size}", hint="use a simpler picture")
        geometry = rule.model_copy(update={"area": area}).geometry(picture.size)


def _ways(rule: ImageRule, longest: int) -> Iterator[tuple[MediaType, int | None]]:
    for media_type in rule.formats:
        if media_type == "image/png":
            yield media_type, None
        elif longest <= LONGEST[media_type]:
            yield from ((media_type, quality) for quality in QUALITIES)


def _encoded(picture: Image.Image, media_type: MediaType, quality: int | None) -> bytes:
    buffer = BytesIO()
    kind = media_type.removeprefix("image/").upper()
    # Full chroma: coloured lines of one pixel are what puzzles are made of.
    lossy = {} if quality is None else {"quality": quality}
    picture.save(buffer, kind, **lossy, **({"subsampling": 0} if kind == "JPEG" else {}))
    return buffer.getvalue()


def _words(media_type: MediaType, quality: int | None, rule: ImageRule) -> tuple[str, ...]:
    if quality is None:
        return ()
    limit = f" for at most {rule.max_bytes:,} bytes" if rule.max_bytes else ""
    return (f"written as {media_type.removeprefix('image/').upper()} of quality {quality}{limit}",)
