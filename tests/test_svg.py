"""SVG questions: drawn alike by both renderers, or refused in one sentence."""

import base64
import http.server
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from tests.hostile.measure import measured
from tests.hostile.pictures import PIXELS, SQUARE, SVG_ATTRIBUTES, SVGS, Picture, image, saved, svg
from vmevalkit_core.errors import MissingFrame, QuestionError
from vmevalkit_core.media.svg import HEAD, draw_svg, is_svg, svg_renderer
from vmevalkit_core.media.svg import draw as drawing
from vmevalkit_core.media.svg.process import run_limited

RENDERERS = ("cairosvg", "resvg")
HALVES = '<rect width="50%" height="100%" fill="#ff0000"/><rect x="50%" width="50%" height="100%" fill="#0000ff"/>'
both = pytest.mark.parametrize("renderer", RENDERERS)


@pytest.fixture
def drawn(tmp_path: Path) -> Callable[[bytes, str], Image.Image]:
    """Bytes of an SVG as an RGBA picture."""

    def draw(data: bytes, renderer: str) -> Image.Image:
        path = tmp_path / "first_frame.svg"
        path.write_bytes(data)
        result = draw_svg(path, renderer=renderer)
        assert result.by.startswith(f"{renderer} ")
        picture = Image.open(BytesIO(result.png))
        assert picture.size == result.size
        return picture.convert("RGBA")

    return draw


Draw = Callable[[bytes, str], Image.Image]


@both
def test_svg_is_drawn_at_its_size(drawn: Draw, renderer: str) -> None:
    """Colours and places are those of the file, and nothing lies behind them."""
    picture = drawn(svg(HALVES + '<rect y="30" width="80" height="10" fill="#00ff00"/>', width=80, height=40), renderer)
    assert picture.size == (80, 40)
    assert picture.getpixel((10, 10)) == (255, 0, 0, 255)
    assert picture.getpixel((70, 10)) == (0, 0, 255, 255)
    assert picture.getpixel((70, 35)) == (0, 255, 0, 255)


@both
def test_empty_ground_stays_clear(drawn: Draw, renderer: str) -> None:
    """Alpha is for the caller to flatten."""
    assert drawn(svg(SQUARE), renderer).getpixel((40, 40))[3] == 0


SIZES = {
    "pixels": ('width="100px" height="50"', (100, 50)),
    "only a viewBox": ('viewBox="0 0 120 60"', (120, 60)),
    "viewBox with commas": ('viewBox="-5,-5,120,60"', (120, 60)),
    "percent": ('width="100%" height="100%" viewBox="0 0 120 60"', (120, 60)),
    "width and viewBox": ('width="240" viewBox="0 0 120 60"', (240, 120)),
    "height and viewBox": ('height="30" viewBox="0 0 120 60"', (60, 30)),
    "enlarged": ('width="480" height="480" viewBox="0 0 120 120"', (480, 480)),
    "points": ('width="72pt" height="36pt"', (96, 48)),
    "picas": ('width="6pc" height="3pc"', (96, 48)),
    "millimetres": ('width="50.8mm" height="25.4mm"', (192, 96)),
    "centimetres": ('width="5.08cm" height="2.54cm"', (192, 96)),
    "inches": ('width="1in" height=".5in"', (96, 48)),
    "exponent": ('width="1e2" height="+5.0E1"', (100, 50)),
    "fractions": ('width="99.6" height="50.4"', (100, 50)),
    "one pixel": ('width="1" height="1"', (1, 1)),
}


@both
@pytest.mark.parametrize(("attributes", "size"), SIZES.values(), ids=SIZES.keys())
def test_size_is_the_files_own(drawn: Draw, attributes: str, size: tuple[int, int], renderer: str) -> None:
    """Both renderers fill the whole picture, however its size is said."""
    body = '<rect x="-999" y="-999" width="9999" height="9999" fill="#008000"/>'
    picture = drawn(f"<svg {SVG_ATTRIBUTES} {attributes}>{body}</svg>".encode(), renderer)
    assert picture.size == size
    assert picture.getcolors() == [(size[0] * size[1], (0, 128, 0, 255))]


BAD_SIZES = {
    "none": ("", "neither a width and a height nor a viewBox"),
    "only a width": ('width="5"', "neither a width and a height nor a viewBox"),
    "negative": ('width="-5" height="5"', "less than one"),
    "zero": ('width="0" height="5"', "less than one"),
    "nan": ('width="nan" height="5"', "no length"),
    "infinite": ('width="inf" height="5"', "no length"),
    "beyond numbers": ('width="1e999" height="5"', "inf x 5 pixels"),
    "too wide": ('width="4097" height="5"', "4097 x 5 pixels"),
    "too high": ('viewBox="0 0 1 1" width="9999mm"', "pixels"),
    "unknown unit": ('width="5em" height="5"', "no length"),
    "flat viewBox": ('viewBox="0 0 5 0"', "no area"),
    "words": ('viewBox="a b c d"', "no area"),
    "nan viewBox": ('viewBox="0 0 nan 5"', "no area"),
    "infinite viewBox": ('viewBox="0 0 1e999 1e999"', "pixels"),
    "infinite ratio": ('width="5" viewBox="0 0 1e-300 1e300"', "pixels"),
}


@pytest.mark.parametrize(("attributes", "says"), BAD_SIZES.values(), ids=BAD_SIZES.keys())
def test_bad_sizes_are_refused(tmp_path: Path, attributes: str, says: str) -> None:
    """No renderer is asked for a picture of no size, or of any size at all."""
    path = tmp_path / "a.svg"
    path.write_text(f"<svg {SVG_ATTRIBUTES} {attributes}>{SQUARE}</svg>")
    with pytest.raises(QuestionError, match=says) as caught:
        draw_svg(path)
    assert caught.value.hint


PLAIN = svg(HALVES).decode()
WRITTEN = {
    "BOM": b"\xef\xbb\xbf" + PLAIN.encode(),
    "UTF-16": ('<?xml version="1.0" encoding="UTF-16"?>' + PLAIN).encode("utf-16"),
    "UTF-16 big endian": ("\ufeff" + PLAIN).encode("utf-16-be"),
    "UTF-16 without BOM": PLAIN.encode("utf-16-le"),
    "Latin-1": ('<?xml version="1.0" encoding="ISO-8859-1"?><!-- h\xfcbsch -->' + PLAIN).encode("latin-1"),
    "declaration": b'<?xml version="1.0" standalone="no"?>\n' + PLAIN.encode(),
    "doctype": b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://127.0.0.1:9/svg11.dtd">' + PLAIN.encode(),
    "comments": b"<!-- a > b --> <!-- <svg -->\n<!---->" + PLAIN.encode(),
    "prefix": PLAIN.replace("<svg", "<s:svg").replace("</svg", "</s:svg").replace("xmlns=", "xmlns:s=").encode(),
}


@both
@pytest.mark.parametrize("data", WRITTEN.values(), ids=WRITTEN.keys())
def test_every_way_to_write_svg_is_known(drawn: Draw, data: bytes, renderer: str) -> None:
    """What is recognised is drawn as well."""
    assert is_svg(data[:HEAD])
    picture = drawn(data.replace(b"<rect", b"<s:rect") if b"<s:svg" in data else data, renderer)
    assert (picture.getpixel((10, 10)), picture.getpixel((50, 10))) == ((255, 0, 0, 255), (0, 0, 255, 255))


OTHERS = {
    "nothing": b"",
    "PNG": saved("PNG"),
    "web page": b"<!DOCTYPE html><html><svg/></html>",
    "another word": b"<svgx/>",
    "text": b"an <svg> in words",
    "only comments": b"<!---->" * 2000,
    "gzip": b"\x1f\x8b\x08junk",
}


@pytest.mark.parametrize("head", OTHERS.values(), ids=OTHERS.keys())
def test_other_files_are_no_svg(head: bytes) -> None:
    """Pillow looks at them."""
    assert not is_svg(head)


USES = {
    "symbol": '<symbol id="s" viewBox="0 0 1 1"><path fill="#ff0000" d="M0 0h1v1h-1z"/></symbol>'
    '<use xlink:href="#s" width="64" height="64"/>',
    "plain href": '<defs><rect id="r" width="64" height="64" fill="#ff0000"/></defs><use href="#r"/>',
    "gradient": '<linearGradient id="g"><stop stop-color="#ff0000"/></linearGradient>'
    '<rect width="64" height="64" fill="url(#g)"/>',
    "style sheet": "<style>.a{fill:#ff0000}</style><rect class='a' width='64' height='64'/>",
    "animation": '<rect id="r" width="64" height="64" fill="#ff0000"><animate href="#r" attributeName="x"/></rect>',
    "editor's notes": '<metadata xmlns:d="urn:d"><d:x d:resource="http://127.0.0.1:9/"/></metadata>'
    '<rect width="64" height="64" fill="#ff0000"/>',
}


@both
@pytest.mark.parametrize("body", USES.values(), ids=USES.keys())
def test_references_inside_the_file_are_followed(drawn: Draw, body: str, renderer: str) -> None:
    """Ordinary drawings pass the check."""
    assert drawn(svg(body), renderer).getpixel((32, 32)) == (255, 0, 0, 255)


@both
@pytest.mark.parametrize(("kind", "near"), [("PNG", 0), ("JPEG", 6)])
def test_embedded_pictures_are_drawn(drawn: Draw, kind: str, near: int, renderer: str) -> None:
    """Pictures inside the file are the one kind of link besides `#id`."""
    data = base64.b64encode(saved(kind)).decode()
    pixel = drawn(image(f"data:image/{kind.lower()};base64,{data}"), renderer).getpixel((32, 32))
    assert pixel == pytest.approx((0, 0, 128, 255), abs=near)


@both
def test_text_is_drawn(drawn: Draw, renderer: str) -> None:
    """Words need no font of a certain name; a machine without any draws none, and goes on."""
    assert drawn(svg('<text y="40" font-family="No Such Font" font-size="40">Maze é 中</text>'), renderer).size == (
        64,
        64,
    )


@both
@pytest.mark.parametrize("picture", SVGS, ids=lambda picture: picture.name)
def test_hostile_svg_stays_within_limits(tmp_path: Path, picture: Picture, renderer: str) -> None:
    """Two seconds of CPU, 500 MB, no dead process: refused for the right reason, or drawn."""
    judge(picture, tmp_path / "first_frame.svg", renderer)


@pytest.mark.parametrize("picture", PIXELS, ids=lambda picture: picture.name)
def test_hostile_pixels_stay_within_limits(tmp_path: Path, picture: Picture) -> None:
    """The same through Pillow."""
    judge(picture, tmp_path / "first_frame.png", None)


def judge(picture: Picture, path: Path, renderer: str | None) -> None:
    """Load it in a process of its own and compare."""
    path.write_bytes(picture.build())
    found = measured(path, renderer)
    assert found["outcome"] in (
        ["refused"] if picture.says else ["drawn"] if picture.harmless else ["refused", "drawn"]
    )
    assert any(words in found["sentence"] for words in picture.says.split("|"))
    assert found["seconds"] <= 2.0
    assert found["mb"] <= 500


def test_missing_svg_is_a_missing_frame(tmp_path: Path) -> None:
    """As for every other picture."""
    with pytest.raises(MissingFrame, match="final_frame"):
        draw_svg(tmp_path / "final_frame.svg")
    with pytest.raises(QuestionError, match="cannot be read"):
        draw_svg(tmp_path)


def test_namespace_is_asked_for(tmp_path: Path) -> None:
    """One renderer draws such a file and the other does not, so neither is asked."""
    (tmp_path / "a.svg").write_text('<svg width="5" height="5"/>')
    with pytest.raises(QuestionError, match="lacks the namespace") as caught:
        draw_svg(tmp_path / "a.svg")
    assert 'xmlns="http://www.w3.org/2000/svg"' in caught.value.hint


@both
def test_renderer_opens_nothing_outside(renderer: str) -> None:
    """The second door: a renderer that is handed what the check refuses still calls no server."""
    with listening() as (address, calls):
        request = json.dumps({"size": [64, 64], "renderer": renderer, "seconds": 1.5, "path": sys.path})
        data = image(f"http://{address}/a.png").replace(
            b"<image", f"<style>@import 'http://{address}/'</style><image".encode()
        )
        ended = run_child(request, data)
    assert ended.stdout
    assert calls == []


def test_cairosvg_is_given_no_file(tmp_path: Path) -> None:
    """A link to a file that got past the check ends the drawing, even where the file is a picture."""
    (tmp_path / "other.png").write_bytes(saved("PNG"))
    request = json.dumps({"size": [64, 64], "renderer": "cairosvg", "seconds": 1.5, "path": sys.path})
    ended = run_child(request, image(f"file://{tmp_path}/other.png"))
    assert b"outside the file" in ended.stdout
    assert ended.returncode


def run_child(request: str, data: bytes) -> subprocess.CompletedProcess[bytes]:
    """The drawing process without the check before it."""
    command = [sys.executable, "-I", "-S", "-B", str(Path(drawing.__file__).with_name("child.py")), request]
    return subprocess.run(command, input=data, capture_output=True, timeout=30, check=False, env={})


class listening:  # noqa: N801
    """A server on this machine, its address, and the requests that it got."""

    def __enter__(self) -> tuple[str, list[str]]:
        calls: list[str] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                calls.append(self.path)
                self.send_error(404)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"127.0.0.1:{self.server.server_port}", calls

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


@both
def test_checked_links_reach_no_server(tmp_path: Path, renderer: str) -> None:
    """Through the whole loader: refused, and nobody was called."""
    with listening() as (address, calls):
        bodies = [f'<image href="http://{address}/"/>', f"<style>@import url(http://{address}/)</style>"]
        for body in bodies:
            (tmp_path / "a.svg").write_bytes(svg(body))
            with pytest.raises(QuestionError):
                draw_svg(tmp_path / "a.svg", renderer=renderer)
    assert calls == []


@pytest.fixture
def probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts another program into the place of the drawing process."""

    def put(source: str) -> None:
        (tmp_path / "probe.py").write_text(source)
        monkeypatch.setattr(drawing.child, "__file__", str(tmp_path / "probe.py"))
        monkeypatch.setattr(drawing, "WALL_SECONDS", 1.0)

    (tmp_path / "a.svg").write_bytes(svg(SQUARE))
    return put


BEHAVIOURS = {
    "sleeps": ("import time; time.sleep(60)", "takes too long to draw"),
    "floods stderr": ("import os\nwhile True: os.write(2, bytes(65536))", "takes too long to draw"),
    "floods stdout": ("import os\nwhile True: os.write(1, bytes(65536))", "gives more than a picture"),
    "aborts": ("import os; os.abort()", r"crashes the renderer \(SIGABRT\)"),
    "lacks memory": (
        "import sys, os; sys.stderr.write('memory allocation of 9 bytes failed'); sys.stderr.flush(); os.abort()",
        "needs too much memory",
    ),
    "says nothing": ("pass", "made no picture"),
    "closes stdout": ("import os, time; os.close(1); os.close(2); time.sleep(60)", "takes too long to draw"),
    "starts others": (
        "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])",
        "takes too long to draw",
    ),
}


@pytest.mark.parametrize(("source", "says"), BEHAVIOURS.values(), ids=BEHAVIOURS.keys())
def test_misbehaving_renderers_end(tmp_path: Path, probe: Callable[[str], None], source: str, says: str) -> None:
    """Whatever the drawing process does, the caller gets a sentence in time."""
    probe(source)
    with pytest.raises(QuestionError, match=says):
        draw_svg(tmp_path / "a.svg")


def test_no_key_reaches_the_renderer(
    tmp_path: Path, probe: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The drawing process starts with an environment of its own."""
    monkeypatch.setenv("LUMA_API_KEY", "secret")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/nowhere")
    probe(f"import os; open({str(tmp_path / 'seen')!r}, 'w').write(' '.join(os.environ))")
    with pytest.raises(QuestionError):
        draw_svg(tmp_path / "a.svg")
    seen = set((tmp_path / "seen").read_text().split())
    # Python itself may set the locale.
    assert seen - {"LC_CTYPE"} == {"LD_LIBRARY_PATH"}


def _children() -> set[str]:
    """The children of this process, also those that nobody waited for; other tests may keep some."""
    tasks = Path("/proc/self/task")
    return {pid for task in tasks.iterdir() for pid in (task / "children").read_text().split()}


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="Linux lists them")
def test_nothing_is_left_behind(tmp_path: Path) -> None:
    """No file beside the picture, no process that nobody waited for."""
    (tmp_path / "a.svg").write_bytes(svg(SQUARE))
    before = _children()
    draw_svg(tmp_path / "a.svg")
    assert os.listdir(tmp_path) == ["a.svg"]
    assert _children() == before


def test_large_input_blocks_nobody() -> None:
    """A program that never reads is ended like any other."""
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    ended = run_limited(command, bytes(5_000_000), env={}, seconds=0.5, most=10)
    assert (ended.late, ended.code) == (True, -signal.SIGKILL)


def test_renderer_in_use_is_told() -> None:
    """For people: name and version of what draws here."""
    assert str(svg_renderer()).split()[0] in RENDERERS


def test_resvg_draws_without_the_library_cairo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without libcairo draws all the same, and the result says by what."""
    (tmp_path / "cairosvg.py").write_text("raise OSError('no library called \"cairo-2\" was found')")
    (tmp_path / "a.svg").write_bytes(svg(SQUARE))
    monkeypatch.syspath_prepend(tmp_path)
    assert draw_svg(tmp_path / "a.svg").by.startswith("resvg ")
    assert str(svg_renderer()).startswith("resvg ")


def test_no_renderer_is_told_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without either package gets the install line."""
    (tmp_path / "a.svg").write_bytes(svg(SQUARE))
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(QuestionError, match="no SVG renderer works here") as caught:
        draw_svg(tmp_path / "a.svg")
    assert caught.value.hint == "pip install resvg-py"
    assert svg_renderer() is None
