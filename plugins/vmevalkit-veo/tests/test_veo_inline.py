"""Videos inside of JSON answers: found wherever they stand, written as they come, never held."""

from __future__ import annotations

import asyncio
import io
import json
import tracemalloc
from base64 import b64encode, urlsafe_b64encode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmevalkit_core import Answer, LostAnswer
from vmevalkit_veo.inline import LONGEST, Decoder, Sieve, VideoAhead, is_video, save_video

HEAD = b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41"
VIDEO = HEAD + bytes(range(256)) * 40
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 100


def text(data: bytes) -> str:
    """A file as it stands in JSON."""
    return b64encode(data).decode()


def sifted(body: bytes, sizes: list[int], *, to_file: bool = True) -> tuple[Any, bytes]:
    """The JSON that is kept and the file that is written, of a body that comes in pieces of these sizes."""
    file = io.BytesIO()

    async def run() -> bytes:
        sieve, kept, at, turn = Sieve(file if to_file else None), b"", 0, 0
        while at < len(body):
            size = sizes[turn % len(sizes)]
            kept += await sieve(body[at : at + size])
            at, turn = at + size, turn + 1
        await sieve.finish()
        return kept

    return json.loads(asyncio.run(run())), file.getvalue()


ANSWER = {
    "name": 'an "odd" name \\ with ends\\',
    "done": True,
    "shown": text(PICTURE),
    "response": {"videos": [{"mimeType": "video/mp4", "bytesBase64Encoded": text(VIDEO)}]},
    "short": "é",
}


@settings(deadline=None)
@given(st.lists(st.integers(1, 5000), min_size=1, max_size=6), st.booleans())
def test_pieces_of_any_length_give_the_same(sizes: list[int], ascii_only: bool) -> None:
    """The network cuts where it likes, also inside of escapes and characters."""
    kept, file = sifted(json.dumps(ANSWER, ensure_ascii=ascii_only).encode(), sizes)
    assert file == VIDEO
    assert kept == ANSWER | {"shown": "", "response": {"videos": [{"mimeType": "video/mp4", "bytesBase64Encoded": ""}]}}


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 4096])
def test_base64_may_be_escaped(size: int) -> None:
    """Google's encoders write slashes and equal signs in more than one way."""
    video = HEAD + b"\xff\xff\xff\xfe" * 100 + b"e"
    written = text(video).replace("/", "\\/").replace("=", "\\u003d")
    assert "\\/" in written
    assert "\\u003d" in written
    assert sifted(f'{{"data":"{written}"}}'.encode(), [size]) == ({"data": ""}, video)


@pytest.mark.parametrize("form", ["bare", "url", "lines"])
def test_base64_may_be_of_another_make(form: str) -> None:
    """Without padding, in the alphabet of links, or in lines."""
    video = HEAD + b"\xff\xfb\xef\xbe" * 100 + b"e"
    made = {"bare": text(video).rstrip("="), "url": urlsafe_b64encode(video).decode()}
    written = made.get(form, "\\n".join(text(video)[at : at + 76] for at in range(0, len(text(video)), 76)))
    assert sifted(f'{{"data":"{written}"}}'.encode(), [100])[1] == video


def test_only_the_first_video_is_taken() -> None:
    """One was asked for."""
    other = HEAD + b"other" * 1000
    assert sifted(json.dumps([text(VIDEO), text(other)]).encode(), [999])[1] == VIDEO


def test_reading_ends_at_a_video_that_has_no_place_yet() -> None:
    """A poll needs to know only that it is there."""
    body = json.dumps(ANSWER).encode()
    cut = body[: body.index(b"bytesBase64Encoded") + 200]
    with pytest.raises(VideoAhead):
        sifted(cut, [64], to_file=False)


@pytest.mark.parametrize("body", [{"done": True}, {"data": text(PICTURE)}, ["x" * 100], {"data": text(VIDEO)[:40]}])
def test_answer_without_a_video_is_a_lost_one(body: Any) -> None:
    """It said that there was one."""
    with pytest.raises(LostAnswer):
        sifted(json.dumps(body).encode(), [50])


@pytest.mark.parametrize("wrong", ["*", "=AAA"])
def test_video_that_is_no_base64_is_a_lost_answer(wrong: str) -> None:
    """It is asked for again."""
    body = f'{{"data":"{text(VIDEO)[:4000]}{wrong}{text(VIDEO)[4000:]}"}}'.encode()
    with pytest.raises(LostAnswer, match="no base64"):
        sifted(body, [100])


def test_texts_are_kept_up_to_a_length() -> None:
    """The reason of a refusal is wanted, a thought of megabytes is not."""
    body = {"reason": "a" * LONGEST, "thought": "b" * (LONGEST + 1), "video": text(VIDEO)}
    assert sifted(json.dumps(body).encode(), [1000])[0] == {"reason": "a" * LONGEST, "thought": "", "video": ""}


def test_video_of_fifty_megabytes_needs_little_memory(tmp_path: Path) -> None:
    """A few blocks, whatever its length."""
    blocks = [b"\xa5" * 48_000] * 1000
    path = tmp_path / "clip.mp4"

    async def ask(sieve: Sieve) -> Answer:
        kept = await sieve(b'{"data":"' + b64encode(HEAD + b"\x00" * 4))
        for block in blocks:
            kept += await sieve(b64encode(block))
        return Answer(200, {}, kept + await sieve(b'"}'), "")

    tracemalloc.start()
    asyncio.run(save_video(ask, path))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size == len(HEAD) + 4 + 48_000_000
    assert most < 8 * 2**20


@pytest.mark.parametrize(
    ("data", "expected"),
    [(HEAD, True), (b"\x1a\x45\xdf\xa3webm" * 8, True), (PICTURE, False), (b"\xff\xd8\xff" * 20, False)],
)
def test_video_is_known_by_its_first_bytes(data: bytes, expected: bool) -> None:
    """Not by the field that it stands in."""
    assert is_video(b64encode(data)[:48]) is expected


@settings(deadline=None)
@given(st.binary(max_size=300), st.integers(1, 9))
def test_decoder_gives_back_the_bytes(data: bytes, size: int) -> None:
    """In pieces of any length."""
    decoder, written = Decoder(), b64encode(data).replace(b"/", b"\\/")
    pieces = [decoder.feed(written[at : at + size]) for at in range(0, len(written), size)]
    assert b"".join(pieces) + decoder.finish() == data
