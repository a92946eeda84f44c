"""Pictures as Python programs have them: a path, bytes, a PIL image, an array."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from vmevalkit_core.errors import QuestionError

if TYPE_CHECKING:
    from PIL.Image import Image


class PixelArray(Protocol):
    """A NumPy array of uint8: height x width, with 3 or 4 channels or none."""

    @property
    def __array_interface__(self) -> dict[str, Any]: ...


Picture: TypeAlias = "str | os.PathLike[str] | bytes | Image | PixelArray"
_AS_PNG = frozenset({"1", "L", "LA", "I;16", "P", "RGB", "RGBA"})
_HINT = "give a path, the bytes of an image file, a PIL image, or an array of uint8 (height, width, 3)"


def path_of(picture: Picture) -> str | None:
    """The path of a picture that is a file, as it was given; QuestionError where it is a folder."""
    path = os.fspath(picture) if isinstance(picture, str | os.PathLike) else None
    if path is not None and os.path.isdir(path):
        raise QuestionError(f"{path} is a folder, not a picture", hint=_HINT)
    return path


def content_of(picture: Picture) -> tuple[bytes, str]:
    """The bytes of a picture that is in memory, as an image file, and the ending of its name."""
    from PIL import Image

    if isinstance(picture, bytes | bytearray | memoryview):
        return bytes(picture), ".img"
    if isinstance(picture, Image.Image):
        return _png(picture), ".png"
    if not isinstance(picture, str | os.PathLike) and hasattr(picture, "__array_interface__"):
        return _png(_from_array(picture)), ".png"
    raise QuestionError(f"{type(picture).__name__} is no picture", hint=_HINT)


def _from_array(array: PixelArray) -> Image:
    from PIL import Image

    facts = array.__array_interface__
    if facts["typestr"] != "|u1":
        raise QuestionError(f"an array of {facts['typestr']} is no picture", hint="scale it to 0..255 as uint8")
    try:
        return Image.fromarray(array)
    except (TypeError, ValueError) as error:
        raise QuestionError(f"an array of shape {facts['shape']} is no picture", hint=_HINT) from error


def _png(image: Image) -> bytes:
    from PIL import ImageOps

    try:
        upright = ImageOps.exif_transpose(image)
        if upright.mode not in _AS_PNG:
            upright = upright.convert(_pixels_like(upright.mode))
        buffer = io.BytesIO()
        upright.save(buffer, "PNG")
    except Exception as error:  # a picture that is read only now may be damaged in any way
        raise QuestionError(f"the picture cannot be read: {error}", hint=_HINT) from error
    return buffer.getvalue()


def _pixels_like(mode: str) -> str:
    if mode == "F":
        raise ValueError("its pixels are floating-point numbers of no known range")
    return {"I": "I;16", "I;16B": "I;16", "I;16L": "I;16", "RGBa": "RGBA", "La": "LA", "PA": "RGBA"}.get(mode, "RGB")
