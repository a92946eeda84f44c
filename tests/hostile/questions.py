"""A dataset as they are found in the wild: twenty odd task pairs that can be used, sixty that cannot."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from tests.helpers import make_task

Change = Callable[[Path], object]
SVG = (
    "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' width='64' height='48'>{}</svg>"
)
BOX = "<rect width='20' height='20' fill='red'/>"
FIRST, FINAL, PROMPT, META = "first_frame.png", "final_frame.png", "prompt.txt", "question_metadata.json"


def png(width: int = 64, height: int = 64) -> bytes:
    """A small PNG with some content."""
    pixels = np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def saved(kind: str, image: Image.Image | None = None, **options: object) -> bytes:
    """A picture in a format."""
    buffer = BytesIO()
    (image or Image.new("RGB", (64, 64), "teal")).save(buffer, kind, **options)
    return buffer.getvalue()


def put(name: str, content: bytes | str) -> Change:
    """Another content for one file."""
    data = content.encode() if isinstance(content, str) else content
    return lambda folder: (folder / name).write_bytes(data)


def without(name: str) -> Change:
    """One file less."""
    return lambda folder: (folder / name).unlink()


def folder_for(name: str) -> Change:
    """A folder where a file should be."""

    def change(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).mkdir()

    return change


def link(name: str, target: str) -> Change:
    """A link where a file should be; `{outside}` is a file beside the dataset."""

    def change(folder: Path) -> None:
        (folder / name).unlink()
        outside = folder.parent.parent.parent / "outside.txt"
        os.symlink(target.format(outside=outside, here=folder), folder / name)

    return change


def svg(body: str) -> Change:
    """A first frame that is an SVG under the name of a PNG."""
    return put(FIRST, SVG.format(body))


def turned() -> bytes:
    """A picture that lies on its side but for its EXIF data."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved("JPEG", exif=exif)


def animated(kind: str) -> bytes:
    """Three frames in one file."""
    frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "lime", "blue")]
    return saved(kind, frames[0], save_all=True, append_images=frames[1:])


GOOD: dict[str, Change] = {
    "PLAIN": lambda folder: None,
    "half_transparent": put(FIRST, saved("PNG", Image.new("RGBA", (64, 64), (255, 0, 0, 90)))),
    "turned_by_exif": put(FIRST, turned()),
    "sixteen_bit": put(FIRST, saved("PNG", Image.fromarray(np.full((64, 64), 40_000, dtype=np.uint16)))),
    "palette": put(FIRST, saved("PNG", Image.new("P", (64, 64), 3), transparency=3)),
    "animated_gif": put(FIRST, animated("GIF")),
    "animated_png": put(FIRST, animated("PNG")),
    "animated_webp": put(FIRST, animated("WEBP")),
    "svg_named_png": svg(BOX),
    "jpeg_named_png": put(FIRST, saved("JPEG")),
    "bom_prompt": put(PROMPT, b"\xef\xbb\xbfSolve it."),
    "windows_prompt": put(PROMPT, "Solve it.\r\nThen stop.\r\n"),
    "other_script": put(PROMPT, "\u89e3\u304f \U0001f9e9"),
    "stray_files": lambda folder: [(folder / name).write_text("?") for name in (".DS_Store", "a.bak", "Thumbs.db")],
    "no_metadata": without(META),
    "broken_truth": put("ground_truth.mp4", b"no video"),
    "linked_inside": link(FINAL, "first_frame.png"),
    "read_only": lambda folder: [path.chmod(0o444) for path in folder.iterdir()],
}
TWINS = ("maze_0000", "maze_0000")
"""The same id in two domains that differ by an inner `_task` only; with these, twenty."""

BAD: dict[str, tuple[Change, str]] = {
    "prompt_missing": (without(PROMPT), "has no prompt.txt"),
    "prompt_empty": (put(PROMPT, ""), "is empty"),
    "prompt_blank": (put(PROMPT, " \r\n\t"), "is empty"),
    "prompt_bom_only": (put(PROMPT, b"\xef\xbb\xbf"), "is empty"),
    "prompt_latin1": (put(PROMPT, "L\u00f6se".encode("latin-1")), "is not UTF-8"),
    "prompt_utf16": (put(PROMPT, "Solve".encode("utf-16")), "is not UTF-8"),
    "prompt_nul": (put(PROMPT, "a\0b"), "NUL"),
    "prompt_endless": (put(PROMPT, "x" * 100_001), "more than 100,000"),
    "prompt_lfs": (put(PROMPT, "version https://git-lfs.github.com/spec/v1\noid sha256:00\n"), "Git LFS"),
    "prompt_folder": (folder_for(PROMPT), "is no file"),
    "prompt_leads_out": (link(PROMPT, "{outside}"), "leads out"),
    "prompt_leads_up": (link(PROMPT, "../../../outside.txt"), "leads out"),
    "prompt_link_to_nothing": (link(PROMPT, "{here}/gone"), "link to nothing"),
    "prompt_pipe": (lambda folder: [(folder / PROMPT).unlink(), os.mkfifo(folder / PROMPT)], "is no file"),
    "first_missing": (without(FIRST), "has no first_frame.png"),
    "first_empty": (put(FIRST, b""), "is empty"),
    "first_text": (put(FIRST, "not a picture"), "is not an image"),
    "first_html": (put(FIRST, "<!doctype html><html><body>404</body></html>"), "is not an image"),
    "first_json": (put(FIRST, '{"error": "expired"}'), "is not an image"),
    "first_lfs": (put(FIRST, "version https://git-lfs.github.com/spec/v1\noid sha256:00\n"), "Git LFS"),
    "first_pdf": (put(FIRST, saved("PDF")), "is not an image"),
    "first_postscript": (put(FIRST, saved("EPS")), "is not an image"),
    "first_half": (put(FIRST, png()[: len(png()) // 2]), "cut short|damaged"),
    "first_13_short": (put(FIRST, png()[:-13]), "cut short"),
    "first_wrong_crc": (put(FIRST, png()[:60] + b"\xff\xff" + png()[62:]), "damaged"),
    "first_half_jpeg": (put(FIRST, saved("JPEG")[:300]), "damaged"),
    "first_half_webp": (put(FIRST, saved("WEBP")[:-20]), "damaged|not an image"),
    "first_bomb": (put(FIRST, saved("PNG", Image.new("1", (9_000, 9_000)))), "25 million pixels"),
    "first_folder": (folder_for(FIRST), "is no file"),
    "first_leads_out": (link(FIRST, "/etc/hostname"), "leads out"),
    "first_link_to_nothing": (link(FIRST, "nowhere.png"), "link to nothing"),
    "first_loop": (link(FIRST, "first_frame.png"), "cannot be read|link to nothing"),
    "svg_cut": (put(FIRST, SVG.format(BOX)[:-9]), "first_frame.png"),
    "svg_gzip": (put(FIRST, gzip.compress(SVG.format(BOX).encode())), "first_frame.png"),
    "svg_file_image": (svg("<image href='file:///etc/hostname' width='9' height='9'/>"), "first_frame.png"),
    "svg_absolute_image": (svg("<image xlink:href='/etc/hostname' width='9' height='9'/>"), "first_frame.png"),
    "svg_web_image": (svg("<image href='http://127.0.0.1:9/x.png' width='9' height='9'/>"), "first_frame.png"),
    "svg_script": (svg("<script>1</script>"), "first_frame.png"),
    "svg_import": (svg("<style>@import url(file:///etc/hostname);</style>"), "first_frame.png"),
    "svg_entities": (
        put(FIRST, "<!DOCTYPE svg [<!ENTITY a 'aaaa'>]>" + SVG.format("<text>&a;</text>")),
        "first_frame.png",
    ),
    "svg_huge": (put(FIRST, SVG.format(BOX).replace("'64'", "'20000'").replace("'48'", "'20000'")), "first_frame.png"),
    "final_missing": (without(FINAL), "has no final_frame.png"),
    "final_empty": (put(FINAL, b""), "final_frame.png is empty"),
    "final_cut": (put(FINAL, png()[:-20]), "final_frame.png"),
    "final_leads_out": (link(FINAL, "{outside}"), "leads out"),
    "meta_broken": (put(META, '{"id": '), "is not JSON"),
    "meta_list": (put(META, "[1, 2]"), "JSON object"),
    "meta_latin1": (put(META, '{"a": "\u00f6"}'.encode("latin-1")), "is not JSON"),
    "meta_deep": (put(META, "[" * 100_000), "is not JSON"),
    "meta_leads_out": (link(META, "{outside}"), "leads out"),
}
BAD_NAMES: dict[str, str] = {
    "con": "reserved",
    "LPT1.txt": "reserved",
    "ends_with_dot.": "dot or a space",
    " leads_with_space": "dot or a space",
    "colon:name": "holds ':'",
    "back\\slash": "holds",
    "new\nline": "holds",
    "turned\u202egnp": "holds",
    "x" * 201: "more than 200",
}


def build(root: Path) -> dict[str, str]:
    """The dataset in `root/questions`; what is wrong with each of the sixty, by the name of its folder."""
    questions = root / "questions"
    (root / "outside.txt").write_text("a secret beside the dataset")
    for name, change in GOOD.items():
        change(make_task(questions, "wild", name))
    for domain, name in zip(("maze", "maze_task"), TWINS, strict=True):
        make_task(questions, domain, name)
    wrong = {name: reason for name, (_, reason) in BAD.items()} | BAD_NAMES | {"plain": "only by case"}
    for name, (change, _) in BAD.items():
        change(make_task(questions, "bad", name))
    for name in BAD_NAMES:
        make_task(questions, "bad", name)
    make_task(questions, "bad", "Plain")
    (questions / "bad_task" / "Plain").rename(questions / "wild_task" / "plain")
    (questions / "README.md").write_text("stray")
    (questions / "notes").mkdir()
    (questions / "wild_task" / "index.json").write_text(json.dumps({}))
    return wrong
