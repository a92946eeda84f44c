"""Pictures: check that a file is a whole image, open it upright, lay it on a background as plain RGB."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from vmevalkit_core import pointers
from vmevalkit_core.errors import MissingFrame, QuestionError
from vmevalkit_core.media.svg import HEAD, draw_svg, is_svg
from vmevalkit_core.pointers import is_pointer

MAX_PIXELS = 25_000_000
"""A larger picture is refused: a small file can unpack to more memory than the machine has, and opening this many
takes up to 420 MB and 1 s (`benchmarks/hostile_pictures.py`)."""
MAX_BYTES = 64 << 20
"""A larger file is refused before it is read."""
# Formats of pixels only: Pillow hands others, such as EPS, to outside programs.
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
_PNG_END = b"IEND\xaeB`\x82"
_PNG_DEPTH = slice(24, 25)
"""Where a PNG tells its bits for each channel."""
_ORIENTATION = 0x0112
_SAVE_HINT = "save it again as a PNG"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A picture in memory, with what its file was."""

    image: Image.Image
    """Upright, the first frame of an animation, in the file's own mode."""
    media_type: str
    """By content, not by name, such as "image/png"."""
    sha256: str
    """Of the file."""
    bytes: int
    oddities: tuple[str, ...]
    """What was done to see it as people do, in words; empty for a plain picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageInfo:
    """What a load of the whole picture found."""

    width: int
    """Pixels as shown, after a turn that the EXIF data asks for."""
    height: int
    media_type: str
    """By content, not by name, such as "image/png"."""
    sha256: str
    size: int
    """Bytes of the file."""


def inspect_image(path: str | Path) -> ImageInfo:
    """Measure a picture after loading all of it; MissingFrame or QuestionError unless it is a whole one."""
    loaded = load_image(path)
    width, height = loaded.image.size
    return ImageInfo(width=width, height=height, media_type=loaded.media_type, sha256=loaded.sha256, size=loaded.bytes)


def open_rgb(path: str | Path) -> Image.Image:
    """The picture in mode RGB, upright, alpha flattened onto white; the same errors as `inspect_image`."""
    return flatten(load_image(path).image)


def load_image(path: str | Path) -> Loaded:
    """The whole picture, upright; MissingFrame or QuestionError says why it cannot be shown."""
    path = Path(path)
    with _named_errors(path):
        data = _read(path)
        digest = hashlib.sha256(data).hexdigest()
        if is_svg(data[:HEAD]):
            drawn = draw_svg(path, data=data)
            words: tuple[str, ...] = (f"drawn from SVG by {drawn.by}",)
            return Loaded(
                image=_started(path, drawn.png),
                media_type="image/svg+xml",
                sha256=digest,
                bytes=len(data),
                oddities=words,
            )
        image = _whole(path, data)
        return Loaded(
            image=ImageOps.exif_transpose(image),
            media_type=_media_type(image),
            sha256=digest,
            bytes=len(data),
            oddities=tuple(_oddities(image, data)),
        )


def flatten(image: Image.Image, background: str = "white") -> Image.Image:
    """The picture in mode RGB: alpha lies on the background, 16 bits are scaled to 8."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith("I"):
        return _eight_bit(image).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    paper = Image.new("RGBA", image.size, background)
    return Image.alpha_composite(paper, image.convert("RGBA")).convert("RGB")


def _oddities(image: Image.Image, data: bytes) -> Iterator[str]:
    if image.getexif().get(_ORIENTATION, 1) != 1:
        yield "turned upright, as its EXIF data asks"
    if getattr(image, "is_animated", False) and image.format != "MPO":
        yield "the first frame of an animation"
    if image.mode.startswith("I") or (image.format == "PNG" and data[_PNG_DEPTH] == b"\x10"):
        yield "16 bits a channel scaled to 8"
    elif image.mode not in ("RGB", "RGBA", "L", "LA", "PA", "P", "1"):
        yield f"converted from {image.mode} to RGB"


def _media_type(image: Image.Image) -> str:
    # Phones save several pictures in one JPEG file, which Pillow calls MPO.
    return "image/jpeg" if image.format == "MPO" else f"image/{str(image.format).lower()}"


def _eight_bit(image: Image.Image) -> Image.Image:
    """Grey levels from 0 to 65535 as 0 to 255; Pillow's own conversion clips them at 255."""
    return image.convert("I").point(lambda level: level * (1 / 257) + 0.5).convert("L")


@contextmanager
def _named_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except QuestionError:
        raise
    except FileNotFoundError as error:
        raise MissingFrame(f"there is no image {path}", hint="check the name of the file") from error
    except (PermissionError, IsADirectoryError) as error:
        raise QuestionError(f"{path} cannot be read: {error.strerror}", hint="it has to be a readable file") from error
    except UnidentifiedImageError as error:
        hint = "PNG, JPEG, WebP, GIF, BMP, TIFF and SVG are read"
        raise QuestionError(f"{path} is not an image", hint=hint) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(path) from error
    except Exception as error:  # damaged bytes surface as almost any kind of error
        raise QuestionError(f"{path} is damaged or cut short: {error}", hint=_SAVE_HINT) from error


def _read(path: Path) -> bytes:
    with path.open("rb") as handle:
        data = handle.read(MAX_BYTES + 1)
    if not data:
        raise QuestionError(f"{path} is empty", hint=_SAVE_HINT)
    if is_pointer(data):
        raise QuestionError(f"{path} is a pointer of Git LFS, not the picture", hint=pointers.HINT)
    if len(data) > MAX_BYTES:
        raise QuestionError(f"{path} has more than {MAX_BYTES >> 20} MiB", hint="make the picture smaller")
    return data


def _whole(path: Path, data: bytes) -> Image.Image:
    """The picture with all its pixels; checked thrice, because each check misses cuts."""
    _started(path, data).verify()
    image = _started(path, data)
    image.load()
    if image.format == "PNG" and _PNG_END not in data:
        raise QuestionError(f"{path} is cut short", hint=_SAVE_HINT)
    return image


def _started(path: Path, data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data), formats=_FORMATS)
    if image.width * image.height > MAX_PIXELS:
        raise _too_large(path)
    return image


def _too_large(path: Path) -> QuestionError:
    limit = MAX_PIXELS // 1_000_000
    return QuestionError(f"{path} has more than {limit} million pixels", hint="make the picture smaller")
