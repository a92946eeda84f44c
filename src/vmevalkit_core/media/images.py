"""Pictures: check that a file is a whole image, open it as plain RGB."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from vmevalkit_core.errors import MissingFrame, QuestionError

MAX_PIXELS = 50_000_000
"""A larger picture is refused: a small file can unpack to more memory than the machine has."""
# Formats of pixels only: Pillow hands others, such as EPS, to outside programs.
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
_PNG_END = b"IEND\xaeB`\x82"
_ORIENTATION = 0x0112
_SIDEWAYS = {5, 6, 7, 8}
_SAVE_HINT = "save it again as a PNG"


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
    path = Path(path)
    with _opened(path) as handle:
        image = _loaded(path, handle)
        width, height = image.size
        if image.getexif().get(_ORIENTATION) in _SIDEWAYS:
            width, height = height, width
        handle.seek(0)
        return ImageInfo(
            width=width,
            height=height,
            media_type=_media_type(image),
            sha256=hashlib.file_digest(handle, "sha256").hexdigest(),
            size=handle.tell(),
        )


def _media_type(image: Image.Image) -> str:
    # Phones save several pictures in one JPEG file, which Pillow calls MPO.
    return "image/jpeg" if image.format == "MPO" else f"image/{str(image.format).lower()}"


def open_rgb(path: str | Path) -> Image.Image:
    """The picture in mode RGB, upright, alpha flattened onto white; the same errors as `inspect_image`."""
    path = Path(path)
    with _opened(path) as handle:
        return flatten(ImageOps.exif_transpose(_loaded(path, handle)))


def flatten(image: Image.Image) -> Image.Image:
    """The picture in mode RGB: alpha lies on white, 16 bits are scaled to 8."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith("I"):
        return _eight_bit(image).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")


def _eight_bit(image: Image.Image) -> Image.Image:
    """Grey levels from 0 to 65535 as 0 to 255; Pillow's own conversion clips them at 255."""
    return image.convert("I").point(lambda level: level * (1 / 257) + 0.5).convert("L")


@contextmanager
def _opened(path: Path) -> Iterator[BufferedReader]:
    try:
        with path.open("rb") as handle:
            if not handle.read(1):
                raise QuestionError(f"{path} is empty", hint=_SAVE_HINT)
            yield handle
    except QuestionError:
        raise
    except FileNotFoundError as error:
        raise MissingFrame(f"there is no image {path}", hint="check the name of the file") from error
    except (PermissionError, IsADirectoryError) as error:
        raise QuestionError(f"{path} cannot be read: {error.strerror}", hint="it has to be a readable file") from error
    except UnidentifiedImageError as error:
        raise QuestionError(f"{path} is not an image", hint="PNG, JPEG, WebP, GIF, BMP and TIFF are read") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(path) from error
    except Exception as error:  # damaged bytes surface as almost any kind of error
        raise QuestionError(f"{path} is damaged or cut short: {error}", hint=_SAVE_HINT) from error


def _loaded(path: Path, handle: BufferedReader) -> Image.Image:
    """The picture with all its pixels; checked thrice, because each check misses cuts."""
    _started(path, handle).verify()
    image = _started(path, handle)
    image.load()
    handle.seek(0)
    if image.format == "PNG" and _PNG_END not in handle.read():
        raise QuestionError(f"{path} is cut short", hint=_SAVE_HINT)
    return image


def _started(path: Path, handle: BufferedReader) -> Image.Image:
    handle.seek(0)
    image = Image.open(handle, formats=_FORMATS)
    if image.width * image.height > MAX_PIXELS:
        raise _too_large(path)
    return image


def _too_large(path: Path) -> QuestionError:
    limit = MAX_PIXELS // 1_000_000
    return QuestionError(f"{path} has more than {limit} million pixels", hint="make the picture smaller")
