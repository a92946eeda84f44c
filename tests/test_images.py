"""Pictures of every common kind, whole and broken."""

import hashlib
import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vmevalkit_core.errors import MissingFrame, QuestionError
from vmevalkit_core.media.images import inspect_image, open_rgb

FORMATS = {"PNG": "png", "JPEG": "jpeg", "WEBP": "webp", "GIF": "gif", "BMP": "bmp", "TIFF": "tiff"}


def picture(width: int = 60, height: int = 40) -> Image.Image:
    """A picture without any regularity."""
    pixels = np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def png_of_size(width: int, height: int) -> bytes:
    """A small file whose header announces a huge picture."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", FORMATS)
def test_image_is_known_by_content(tmp_path: Path, kind: str) -> None:
    """The name of the file does not matter."""
    path = tmp_path / "first_frame.xyz"
    picture().save(path, kind)
    info = inspect_image(path)
    assert (info.width, info.height, info.media_type) == (60, 40, f"image/{FORMATS[kind]}")
    assert info.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert info.size == path.stat().st_size


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_cut_images_are_refused(tmp_path: Path, kind: str) -> None:
    """A picture cut at any of many places, down to its last byte, is no picture."""
    path = tmp_path / "cut"
    buffer = BytesIO()
    picture().save(buffer, kind)
    data = buffer.getvalue()
    for length in [*range(1, len(data), 97), *range(len(data) - 30, len(data))]:
        path.write_bytes(data[:length])
        with pytest.raises(QuestionError):
            inspect_image(path)


BROKEN = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("<html>"),
    "folder": lambda path: path.mkdir(),
    "svg": lambda path: path.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>"),
    "postscript": lambda path: picture().save(path, "EPS"),
    "60 megapixels": lambda path: path.write_bytes(png_of_size(10_000, 6_000)),
    "100 megapixels": lambda path: path.write_bytes(png_of_size(10_000, 10_000)),
    "10 gigapixels": lambda path: path.write_bytes(png_of_size(100_000, 100_000)),
    "no pixels": lambda path: path.write_bytes(png_of_size(10, 10)),
}


@pytest.mark.parametrize("call", [inspect_image, open_rgb])
@pytest.mark.parametrize("breaks", BROKEN.values(), ids=BROKEN.keys())
def test_broken_images_say_what_to_do(
    tmp_path: Path, breaks: Callable[[Path], object], call: Callable[[Path], object]
) -> None:
    """Each is a QuestionError that names the file and has a hint."""
    path = tmp_path / "first_frame.png"
    breaks(path)
    with pytest.raises(QuestionError, match=r"first_frame\.png") as caught:
        call(path)
    assert caught.value.hint


def test_missing_image_is_a_missing_frame(tmp_path: Path) -> None:
    """A missing file is told from a broken one."""
    with pytest.raises(MissingFrame, match="final_frame"):
        inspect_image(tmp_path / "final_frame.png")


def test_huge_image_says_so(tmp_path: Path) -> None:
    """Size is judged before any pixel is unpacked."""
    (tmp_path / "huge.png").write_bytes(png_of_size(10_000, 6_000))
    with pytest.raises(QuestionError, match="25 million pixels"):
        inspect_image(tmp_path / "huge.png")


MODES = {
    "RGBA": (Image.new("RGBA", (4, 4), (255, 0, 0, 128)), (255, 127, 127)),
    "LA": (Image.new("LA", (4, 4), (0, 0)), (255, 255, 255)),
    "L": (Image.new("L", (4, 4), 77), (77, 77, 77)),
    "1": (Image.new("1", (4, 4), 1), (255, 255, 255)),
    "P": (Image.new("RGB", (4, 4), (37, 99, 235)).convert("P", palette=Image.Palette.ADAPTIVE), (37, 99, 235)),
    "16 bit": (Image.fromarray(np.full((4, 4), 200 * 257, dtype=np.uint16)), (200, 200, 200)),
}


@pytest.mark.parametrize(("image", "wanted"), MODES.values(), ids=MODES.keys())
def test_each_mode_becomes_rgb(tmp_path: Path, image: Image.Image, wanted: tuple[int, int, int]) -> None:
    """Models and scorers see RGB, whatever was saved."""
    image.save(tmp_path / "mode.png")
    result = open_rgb(tmp_path / "mode.png")
    assert (result.mode, result.size) == ("RGB", (4, 4))
    assert result.getpixel((2, 2)) == wanted


def test_transparent_palette_lies_on_white(tmp_path: Path) -> None:
    """A palette's transparent entry is alpha too."""
    Image.new("P", (4, 4), 0).save(tmp_path / "clear.gif", transparency=0)
    assert open_rgb(tmp_path / "clear.gif").getpixel((1, 1)) == (255, 255, 255)


def test_cmyk_becomes_rgb(tmp_path: Path) -> None:
    """A picture for print is shown as on paper."""
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "print.jpg")
    pixel = open_rgb(tmp_path / "print.jpg").getpixel((4, 4))
    assert pixel == pytest.approx((255, 0, 0), abs=5)


def test_exif_turn_is_applied(tmp_path: Path) -> None:
    """Both calls tell the size as a viewer shows it."""
    exif = Image.Exif()
    exif[0x0112] = 6
    picture(60, 40).save(tmp_path / "turned.jpg", exif=exif)
    info = inspect_image(tmp_path / "turned.jpg")
    assert open_rgb(tmp_path / "turned.jpg").size == (info.width, info.height) == (40, 60)
