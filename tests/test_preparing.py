"""What a model is sent for each kind of picture, and that a good one is sent as it is."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vmevalkit_core import ImageRule
from vmevalkit_core.errors import QuestionError
from vmevalkit_core.media.preparing import Prepared, like, prepare_image


def noise(width: int, height: int) -> Image.Image:
    """A picture that does not compress."""
    pixels = np.random.default_rng(5).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def opened(prepared: Prepared) -> Image.Image:
    """What the model is sent, as a picture."""
    assert prepared.data is not None
    return Image.open(BytesIO(prepared.data))


def turned(path: Path) -> None:
    """A picture that its EXIF data turns upright: red is on top then."""
    image = Image.new("RGB", (40, 20), "blue")
    image.paste("red", (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(path, "JPEG", exif=exif, quality=95)


def sixteen_bit_colour(path: Path) -> None:
    """A PNG of 16 bits for each of three channels."""
    import struct
    import zlib

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    row = b"\0" + struct.pack(">HHH", 200 * 257, 100 * 257, 50 * 257) * 8
    head = struct.pack(">IIBBBBB", 8, 8, 16, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(row * 8)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)


ODD: dict[str, tuple[Callable[[Path], object], str, tuple[int, int, int]]] = {
    "half transparent": (
        lambda path: Image.new("RGBA", (8, 8), (255, 0, 0, 128)).save(path, "PNG"),
        "transparent pixels laid on white",
        (255, 127, 127),
    ),
    "opaque alpha": (
        lambda path: Image.new("RGBA", (8, 8), (255, 0, 0, 255)).save(path, "PNG"),
        "opaque alpha channel dropped",
        (255, 0, 0),
    ),
    "palette with a hole": (
        lambda path: Image.new("P", (8, 8), 0).save(path, "PNG", transparency=0),
        "transparent pixels laid on white",
        (255, 255, 255),
    ),
    "16 bit grey": (
        lambda path: Image.fromarray(np.full((8, 8), 200 * 257, dtype=np.uint16)).save(path, "PNG"),
        "16 bits a channel scaled to 8",
        (200, 200, 200),
    ),
    "16 bit colour": (sixteen_bit_colour, "16 bits a channel scaled to 8", (200, 100, 50)),
    "turned": (turned, "turned upright, as its EXIF data asks", (254, 0, 0)),
    "animated": (
        lambda path: Image.new("RGB", (8, 8), "red").save(
            path, "GIF", save_all=True, append_images=[Image.new("RGB", (8, 8), "blue")]
        ),
        "the first frame of an animation",
        (255, 0, 0),
    ),
    "bitmap": (
        lambda path: Image.new("RGB", (8, 8), "red").save(path, "BMP"),
        "converted from BMP",
        (255, 0, 0),
    ),
    "print colours": (
        lambda path: Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(path, "JPEG"),
        "converted from CMYK to RGB",
        (254, 0, 0),
    ),
}


@pytest.mark.parametrize(("make", "treatment", "pixel"), ODD.values(), ids=ODD.keys())
def test_odd_picture_is_sent_plain_and_the_record_says_how(
    tmp_path: Path, make: Callable[[Path], object], treatment: str, pixel: tuple[int, int, int]
) -> None:
    """An RGB PNG of 8 bits that looks as people see the question; the question's file is untouched."""
    path = tmp_path / "first_frame.png"
    make(path)
    before = path.read_bytes()
    prepared = prepare_image(path, ImageRule())
    sent = opened(prepared)
    assert treatment in prepared.treatment
    assert (sent.format, sent.mode, "exif" in sent.info) == ("PNG", "RGB", False)
    assert sent.getpixel((3, 3)) == pytest.approx(pixel, abs=1)
    assert path.read_bytes() == before


PLAIN: dict[str, Callable[[Path], object]] = {
    "RGB PNG": lambda path: noise(8, 8).save(path, "PNG"),
    "grey PNG": lambda path: noise(8, 8).convert("L").save(path, "PNG"),
    "palette PNG": lambda path: noise(8, 8).quantize(16).save(path, "PNG"),
    "JPEG": lambda path: noise(8, 8).save(path, "JPEG"),
    "WebP": lambda path: noise(8, 8).save(path, "WEBP"),
}


@pytest.mark.parametrize("make", PLAIN.values(), ids=PLAIN.keys())
def test_plain_picture_is_sent_byte_for_byte(tmp_path: Path, make: Callable[[Path], object]) -> None:
    """Nothing is written anew that a model can read."""
    make(tmp_path / "first_frame.png")
    prepared = prepare_image(tmp_path / "first_frame.png", ImageRule())
    assert (prepared.data, prepared.treatment) == (None, ())
    assert prepared.geometry.is_identity


def test_format_that_a_model_does_not_read_is_converted(tmp_path: Path) -> None:
    """By content, whatever the name."""
    noise(8, 8).save(tmp_path / "first_frame.png", "WEBP")
    prepared = prepare_image(tmp_path / "first_frame.png", ImageRule(formats=("image/jpeg", "image/png")))
    assert (prepared.media_type, opened(prepared).format) == ("image/jpeg", "JPEG")
    assert "written as JPEG of quality 95" in prepared.treatment


def test_byte_limit_costs_quality_before_size(tmp_path: Path) -> None:
    """A JPEG of lower quality first, all pixels kept."""
    noise(200, 200).save(tmp_path / "first_frame.png")
    prepared = prepare_image(tmp_path / "first_frame.png", ImageRule(max_bytes=60_000))
    assert len(prepared.data or b"") <= 60_000
    assert (prepared.media_type, prepared.geometry.sent) == ("image/jpeg", (200, 200))
    assert "at most 60,000 bytes" in prepared.treatment[0]


def test_byte_limit_shrinks_what_has_no_legal_size(tmp_path: Path) -> None:
    """The geometry knows by how much."""
    noise(200, 200).save(tmp_path / "first_frame.png")
    prepared = prepare_image(tmp_path / "first_frame.png", ImageRule(max_bytes=9_000))
    assert len(prepared.data or b"") <= 9_000
    assert opened(prepared).size == prepared.geometry.sent
    assert prepared.geometry.sent[0] < 200
    assert "shrunk to" in prepared.treatment[-1]


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        pytest.param(ImageRule(sizes=((200, 200),), max_bytes=1_000), "does not fit into 1,000 bytes", id="bytes"),
        pytest.param(ImageRule(max_bytes=100), "does not fit into 100 bytes", id="hopeless"),
        pytest.param(ImageRule(fit="exact", sizes=((64, 64),)), "64 x 64 is the nearest", id="exact"),
        pytest.param(ImageRule(fit="exact", max_bytes=9_000), "does not fit into 9,000 bytes", id="exact-bytes"),
    ],
)
def test_what_cannot_be_sent_says_why(tmp_path: Path, rule: ImageRule, error: str) -> None:
    """One sentence that names the file and the limit."""
    noise(200, 200).save(tmp_path / "first_frame.png")
    with pytest.raises(QuestionError, match=error) as caught:
        prepare_image(tmp_path / "first_frame.png", rule)
    assert "first_frame.png" in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("rule", "size", "error"),
    [
        pytest.param(ImageRule(formats=("image/webp",)), (1, 20_000), "a file of image/webp", id="webp"),
        pytest.param(ImageRule(formats=("image/jpeg",)), (70_000, 1), "a file of image/jpeg", id="jpeg"),
        pytest.param(ImageRule(ratios=((16, 9), (9, 16))), (1, 60_000), "33750 x 60000", id="bars"),
    ],
)
def test_long_and_narrow_picture_is_refused_before_it_swells(
    tmp_path: Path, rule: ImageRule, size: tuple[int, int], error: str
) -> None:
    """Neither a format's limit nor a huge canvas ends in anything but a sentence."""
    Image.new("RGB", size).save(tmp_path / "first_frame.png")
    with pytest.raises(QuestionError, match=error):
        prepare_image(tmp_path / "first_frame.png", rule)


def test_format_that_is_too_short_gives_way_to_the_next(tmp_path: Path) -> None:
    """WebP has no side of 20,000 pixels, PNG has."""
    Image.new("RGBA", (20_000, 1)).save(tmp_path / "first_frame.png")
    prepared = prepare_image(tmp_path / "first_frame.png", ImageRule(formats=("image/webp", "image/png")))
    assert prepared.media_type == "image/png"


def test_colours_of_background_and_bars_are_the_users(tmp_path: Path) -> None:
    """Alpha lies on one, the letterbox is made of the other."""
    Image.new("RGBA", (64, 64), (0, 0, 0, 0)).save(tmp_path / "first_frame.png")
    rule = ImageRule(sizes=((128, 64),), background="#ff0000", bars="lime")
    sent = opened(prepare_image(tmp_path / "first_frame.png", rule))
    assert [sent.getpixel((x, 32)) for x in (2, 64, 126)] == [(0, 255, 0), (255, 0, 0), (0, 255, 0)]


def test_colour_that_is_none_is_refused() -> None:
    """By name, when the options are checked."""
    with pytest.raises(ValueError, match="chartreuse-ish"):
        ImageRule(bars="chartreuse-ish")


def test_final_frame_gets_the_size_of_the_first() -> None:
    """Two pictures of one request are of one size, even where the second one's shape is nearer to another."""
    rule = ImageRule(sizes=((1280, 720), (720, 1280)))
    first = rule.geometry((800, 600))
    assert like(rule, first).geometry((600, 800)).sent == first.sent
    kept = ImageRule().geometry((800, 600))
    assert like(ImageRule(), kept).geometry((600, 800)).sent == (600, 800)
    shrunk = ImageRule(area=9000).geometry((800, 600))
    assert like(ImageRule(max_bytes=10), shrunk).geometry((600, 800)).sent == shrunk.sent
