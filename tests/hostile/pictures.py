"""Pictures made to hang, swell, crash or spy on whoever opens them: each as bytes, with words of the refusal."""

import gzip
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

from PIL import Image

SVG_ATTRIBUTES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
PNG_START = b"\x89PNG\r\n\x1a\n"
SQUARE = '<rect width="9" height="9"/>'


@dataclass(frozen=True)
class Picture:
    """A hostile file; without `says` it may be drawn or refused, as long as the limits hold."""

    name: str
    build: Callable[[], bytes]
    says: str = ""
    harmless: bool = False
    """It has to be drawn: a refusal would be wrong."""


def svg(body: str, *, width: object = 64, height: object = 64, before: str = "", more: str = "") -> bytes:
    """An SVG around `body`."""
    head = f'{before}<svg {SVG_ATTRIBUTES} width="{width}" height="{height}" {more}>'
    return f"{head}{body}</svg>".encode()


def chunk(name: bytes, body: bytes) -> bytes:
    """A chunk of a PNG, whole and with its checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(
    width: int,
    height: int,
    *,
    colours: int = 2,
    bits: int = 8,
    middle: bytes = b"",
    after: bytes = b"",
    rows: bytes | None = None,
) -> bytes:
    """A black PNG; `rows` are its packed pixels where they are not the ones that the header announces."""
    if rows is None:
        line = 1 + width * {0: 1, 2: 3, 6: 4}[colours] * bits // 8
        packer = zlib.compressobj(9)
        rows = b"".join(packer.compress(bytes(line)) for _ in range(height)) + packer.flush()
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, 0))
    return PNG_START + header + middle + chunk(b"IDAT", rows) + after + chunk(b"IEND", b"")


def saved(kind: str, width: int = 64, height: int = 64) -> bytes:
    """A plain picture in one of the formats of Pillow."""
    buffer = BytesIO()
    Image.new("RGB", (width, height), "navy").save(buffer, kind)
    return buffer.getvalue()


def entity_bomb() -> bytes:
    """Nine entities of ten times the former: a billion laughs."""
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    return svg("<text>&e9;</text>", before=f'<!DOCTYPE svg [<!ENTITY e0 "ha">{entities}]>')


def use_bomb() -> bytes:
    """Twelve groups, each with ten times the former."""
    groups = "".join(f'<g id="g{n}">{f"""<use href="#g{n - 1}"/>""" * 10}</g>' for n in range(1, 12))
    return svg(f'<g id="g0">{SQUARE}</g>{groups}<use href="#g11"/>')


def pattern_bomb() -> bytes:
    """The same with patterns: each is filled with the former."""
    body = f'<pattern id="p0" width="1" height="1">{SQUARE}</pattern>'
    for n in range(1, 12):
        parts = f'<path d="M0 0h9v9z" style="fill:url(#p{n - 1})"/>' * 10
        body += f'<pattern id="p{n}" width="1" height="1">{parts}</pattern>'
    return svg(f'{body}<rect width="64" height="64" fill="url(#p11)"/>')


def huge_filter() -> bytes:
    """A blur over a hundred thousand pixels, over a region a thousand times the picture."""
    effects = '<feGaussianBlur stdDeviation="100000"/><feTurbulence baseFrequency="0.00001" numOctaves="9999"/>'
    region = 'x="-1000" y="-1000" width="9999" height="9999"'
    body = f'<filter id="f" {region}>{effects}</filter><rect width="4000" height="4000" filter="url(#f)"/>'
    return svg(body, width=4000, height=4000)


def huge_pattern() -> bytes:
    """A pattern of a million pixels a side, on a shape of a billion."""
    tile = '<pattern id="p" width="1e6" height="1e6" patternUnits="userSpaceOnUse"><rect width="1e6" height="1e6"/>'
    return svg(f'{tile}</pattern><rect width="1e9" height="1e9" fill="url(#p)"/>')


def fine_dashes() -> bytes:
    """A line across 4000 pixels in dashes of a hundred-thousandth of one."""
    line = '<path d="M0 0L4000 4000" stroke="red" stroke-width="900" stroke-dasharray="0.00001"/>'
    return svg(line, width=4000, height=4000)


def many_masks() -> bytes:
    """Forty masks of the whole picture, each masked by the former."""
    part = '<mask id="m{0}"><rect width="4000" height="4000" mask="url(#m{1})"/></mask>'
    masks = "".join(part.format(n, n - 1) for n in range(1, 40))
    return svg(f'{masks}<rect width="4000" height="4000" mask="url(#m39)"/>', width=4000, height=4000)


def layers() -> bytes:
    """Ninety half transparent groups: each wants a picture of its own."""
    body = '<g opacity=".9">' * 90 + '<rect width="4000" height="4000"/>' + "</g>" * 90
    return svg(body, width=4000, height=4000)


def selectors() -> bytes:
    """Three thousand CSS rules, tried on ten thousand elements."""
    rules = "".join(f"g g g .c{n} > g:not(.x) *{{fill:red}}" for n in range(3000))
    return svg(f"<style>{rules}</style>" + f'<g class="c1">{SQUARE}</g>' * 5000)


def image(link: str) -> bytes:
    """An SVG that shows a picture by a link."""
    return svg(f'<image width="64" height="64" xlink:href="{link}"/>')


def styled(css: str) -> bytes:
    """An SVG with a style sheet."""
    return svg(f"<style>{css}</style>{SQUARE}")


SVGS = [
    Picture("entity bomb", entity_bomb, "entities"),
    Picture(
        "external entity",
        lambda: svg("<text>&e;</text>", before='<!DOCTYPE svg [<!ENTITY e SYSTEM "file:///etc/hostname">]>'),
        "entities",
    ),
    Picture("undefined entity", lambda: svg("<text>&e;</text>"), "undefined entity"),
    Picture(
        "entity of a foreign doctype",
        lambda: svg("<text>&e;</text>", before='<!DOCTYPE svg SYSTEM "http://127.0.0.1/x.dtd">'),
        "entity",
    ),
    Picture("file image", lambda: image("file:///etc/hostname"), "outside the file"),
    Picture("http image", lambda: image("http://127.0.0.1:9/x.png"), "outside the file"),
    Picture("absolute path image", lambda: image("/etc/hostname"), "outside the file"),
    Picture("relative path image", lambda: image("first_frame.png"), "outside the file"),
    Picture("SVG inside as a link", lambda: image("data:image/svg+xml;base64,PHN2Zy8+"), "outside the file"),
    Picture("SVG inside as a PNG", lambda: image("data:image/png;base64,PHN2Zy8+"), "neither PNG nor JPEG"),
    Picture("base of the links", lambda: svg('<use xlink:href="#a"/>', more='xml:base="file:///etc/"'), "outside"),
    Picture("style sheet link", lambda: svg(SQUARE, before='<?xml-stylesheet href="x.css"?>'), "style sheet"),
    Picture("css import", lambda: styled("@import 'http://127.0.0.1:9/x.css';"), "imports a style sheet"),
    Picture("css url", lambda: styled("rect{fill:url(file:///etc/hostname)}"), "outside the file"),
    Picture("css url in escapes", lambda: styled(r"rect{fill:u\72 l(file:///etc/hostname)}"), "outside the file"),
    Picture("url in an attribute", lambda: svg('<rect width="9" height="9" mask="url(/etc/m.svg#a)"/>'), "outside"),
    Picture("use bomb", use_bomb, "more than 200,000 elements"),
    Picture("pattern bomb", pattern_bomb, "more than 200,000 elements"),
    Picture("use circle", lambda: svg('<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>'), "circle"),
    Picture("circle by css", lambda: svg(f'<style>rect{{fill:url(#p)}}</style><pattern id="p">{SQUARE}</pattern>')),
    Picture("long chain", lambda: svg("".join(f'<use id="u{n}" href="#u{n + 1}"/>' for n in range(9999))), "levels"),
    Picture("20000 x 20000", lambda: svg(SQUARE, width=20_000, height=20_000), "at most 4096|20000 x 20000"),
    Picture("deep nesting", lambda: svg("<g>" * 5000 + "</g>" * 5000), "100 levels"),
    Picture("as deep as allowed", lambda: svg("<g>" * 98 + SQUARE + "</g>" * 98), harmless=True),
    Picture("many elements", lambda: svg("<a/>" * 60_000), "50,000 elements"),
    Picture("nearly too many elements", lambda: svg(SQUARE * 49_000)),
    Picture("5 MB", lambda: svg("<!--" + "a" * 5_000_000 + "-->"), "5 MB"),
    Picture("script", lambda: svg("<script>fetch('http://127.0.0.1:9')</script>"), "<script>"),
    Picture("foreign object", lambda: svg("<foreignObject/>"), "<foreignObject>"),
    Picture("huge filter", huge_filter),
    Picture("huge pattern", huge_pattern),
    Picture("fine dashes", fine_dashes),
    Picture("many masks", many_masks),
    Picture("layers", layers),
    Picture("selectors", selectors),
    Picture("long text", lambda: svg('<text y="20">' + "a" * 4_000_000 + "</text>")),
    Picture("long path", lambda: svg('<path stroke="red" d="M0 0' + "L1 1 5 3" * 400_000 + '"/>')),
    Picture("many attributes", lambda: svg("<g " + " ".join(f'a{n}="url(#a)"' for n in range(250_000)) + "/>")),
    Picture("huge numbers", lambda: svg('<g transform="scale(1e300)"><rect width="1e300" height="1"/></g>')),
    Picture("long number", lambda: svg(SQUARE, width="1" * 3_000_000 + "x"), "no length"),
    Picture("spaces", lambda: b" " * 4_000_000 + svg(SQUARE), harmless=True),
    Picture("cut", lambda: svg(SQUARE)[:-13], "damaged or cut short"),
    Picture("gzip", lambda: gzip.compress(svg(SQUARE)), "gunzip|in gzip"),
    Picture("gzip bomb", lambda: gzip.compress(b"<svg " + bytes(100_000_000)), "in gzip"),
]


def cyclic_tiff() -> bytes:
    """A TIFF whose list of directories leads back to the first."""
    data = bytearray(saved("TIFF"))
    start = struct.unpack_from("<I", data, 4)[0]
    entries = struct.unpack_from("<H", data, start)[0]
    struct.pack_into("<I", data, start + 2 + 12 * entries, start)
    return bytes(data)


def animated_png(frames: int) -> bytes:
    """An animation of one pixel."""

    def control(number: int) -> bytes:
        return chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, 1, 1, 0, 0, 1, 30, 0, 0))

    pixel = zlib.compress(bytes(4))
    more = (control(n) + chunk(b"fdAT", struct.pack(">I", n + 1) + pixel) for n in range(1, 2 * frames - 1, 2))
    return png(1, 1, middle=chunk(b"acTL", struct.pack(">II", frames, 0)) + control(0), after=b"".join(more))


def animated_gif(frames: int) -> bytes:
    """An animation of one pixel."""
    frame = b"\x21\xf9\x04\0\0\0\0\0" + b"\x2c" + struct.pack("<HHHH", 0, 0, 1, 1) + b"\0\x02\x02\x44\x01\0"
    return b"GIF89a" + struct.pack("<HH", 1, 1) + b"\x80\0\0" + b"\0\0\0\xff\xff\xff" + frame * frames + b";"


def jpeg_of_size(width: int, height: int) -> bytes:
    """A small JPEG that announces another size."""
    data = bytearray(saved("JPEG"))
    struct.pack_into(">HH", data, data.index(b"\xff\xc0") + 5, height, width)
    return bytes(data)


def huge_note() -> bytes:
    """A PNG with 100 MB of text in 100 KB."""
    return png(8, 8, middle=chunk(b"iTXt", b"note\0\1\0\0\0" + zlib.compress(bytes(100_000_000))))


def wrong_checksum() -> bytes:
    """A PNG whose pixels do not fit their checksum."""
    data = bytearray(saved("PNG"))
    data[data.index(b"IDAT") + 10] ^= 1
    return bytes(data)


PIXELS = [
    Picture("PNG of 100 megapixels", lambda: png(10_000, 10_000, rows=b""), "million pixels"),
    Picture("PNG bomb, RGB", lambda: png(4990, 4990)),
    Picture("PNG bomb, RGBA", lambda: png(4990, 4990, colours=6)),
    Picture("PNG bomb, 16 bit grey", lambda: png(4990, 4990, colours=0, bits=16)),
    Picture("PNG cut by 13 bytes", lambda: saved("PNG")[:-13], "cut short"),
    Picture("PNG with more rows than announced", lambda: png(8, 8, rows=zlib.compress(bytes(100_000_000)))),
    Picture("PNG with 100 MB of text", huge_note, "damaged"),
    Picture("PNG with 10,000 frames", lambda: animated_png(10_000), harmless=True),
    Picture("PNG with a wrong checksum", wrong_checksum, "damaged"),
    Picture("PNG without pixels", lambda: png(8, 8, rows=b""), "damaged"),
    Picture("GIF of 60000 x 60000", lambda: b"GIF89a" + struct.pack("<HH", 60_000, 60_000) + bytes(99), "pixels|image"),
    Picture("GIF bomb", lambda: saved("GIF", 4990, 4990)),
    Picture("GIF with 10,000 frames", lambda: animated_gif(10_000), harmless=True),
    Picture("TIFF in a circle", cyclic_tiff, harmless=True),
    Picture("JPEG of 65500 x 65500", lambda: jpeg_of_size(65_500, 65_500), "million pixels"),
    Picture("JPEG of 4990 x 4990 in 1 KB", lambda: jpeg_of_size(4990, 4990)),
    Picture("WebP bomb", lambda: saved("WEBP", 4990, 4990)),
]
