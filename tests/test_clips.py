"""Videos that are written and checked, among them every kind of broken file."""

import hashlib
import struct
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import islice, repeat
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from vmevalkit_core.errors import ClipError
from vmevalkit_core.media.clips import check_clip, encode_clip, read_frames

COLOURS = [
    (255, 0, 0),
    (0, 255, 0),
    (0, 0, 255),
    (255, 255, 0),
    (37, 99, 235),
    (139, 69, 19),
    (255, 255, 255),
    (0, 0, 0),
]


def noise(count: int, *, size: int = 64) -> Iterator[Image.Image]:
    """Frames without any regularity, so that each holds many bytes."""
    random = np.random.default_rng(7)
    for _ in range(count):
        yield Image.fromarray(random.integers(0, 256, (size, size, 3), dtype=np.uint8))


def line_art(shift: int) -> Image.Image:
    """Text, thin lines and a disc that moves."""
    image = Image.new("RGB", (512, 512), "white")
    draw = ImageDraw.Draw(image)
    for step in range(0, 512, 40):
        draw.line((step, 0, step, 512), fill="black", width=2)
        draw.text((step, step), f"puzzle {step}", fill=(200, 0, 0))
    draw.ellipse((100 + shift, 200, 160 + shift, 260), fill=(37, 99, 235))
    return image


def error(result: Image.Image, wanted: Image.Image) -> np.ndarray:
    """How many of 255 levels each value is off."""
    return np.abs(np.asarray(result, dtype=int) - np.asarray(wanted, dtype=int))


def write_with(path: Path, codec: str, *, audio: bool = False, uneven: bool = False, **options: dict[str, str]) -> Path:
    """A clip of 12 frames as another tool would write it."""
    with av.open(str(path), "w", **options) as container:
        video = container.add_stream(
            codec, rate=24, options={"x265-params": "log-level=none"} if codec == "libx265" else {}
        )
        video.width = video.height = 64
        video.pix_fmt, video.codec_context.time_base = "yuv420p", Fraction(1, 48)
        sound = container.add_stream("aac", rate=48000) if audio else None
        for index, image in enumerate(noise(12)):
            frame = av.VideoFrame.from_image(image)
            frame.pts, frame.time_base = 2 * index + (uneven and index % 3 == 2), Fraction(1, 48)
            container.mux(video.encode(frame))
            if sound:
                container.mux(sound.encode(silence(index)))
        for stream in container.streams:
            container.mux(stream.encode(None))
    return path


def silence(index: int) -> av.AudioFrame:
    """The sound of one 24th of a second."""
    frame = av.AudioFrame.from_ndarray(np.zeros((1, 4000), dtype=np.int16), format="s16", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = 48000, index * 2000, Fraction(1, 48000)
    return frame


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A clip of 12 frames of 64 x 64 pixels."""
    path = tmp_path / "clip.mp4"
    encode_clip(noise(12), path, fps=24)
    return path


def boxes(data: bytes) -> list[str]:
    """The names of the top-level boxes of an mp4."""
    found, at = [], 0
    while at < len(data):
        length, name = struct.unpack(">I4s", data[at : at + 8])
        found.append(name.decode())
        at += length
    return found


def test_check_measures_a_clip(clip: Path) -> None:
    """Size, count, rate and hash are those of the file."""
    info = check_clip(clip)
    assert (info.width, info.height, info.frames, info.codec) == (64, 64, 12, "h264")
    assert (info.fps, info.seconds) == (24.0, 0.5)
    assert info.sha256 == hashlib.sha256(clip.read_bytes()).hexdigest()
    assert info.size == clip.stat().st_size


def test_index_comes_before_data(clip: Path) -> None:
    """A browser can start before the file has arrived."""
    names = boxes(clip.read_bytes())
    assert names.index("moov") < names.index("mdat")


def test_clip_is_tagged_bt709(clip: Path) -> None:
    """Primaries, transfer and matrix are 1 and the range is limited, in the container and in the stream."""
    data = clip.read_bytes()
    at = data.index(b"colrnclx")
    assert struct.unpack(">HHHB", data[at + 8 : at + 15]) == (1, 1, 1, 0)
    with av.open(str(clip)) as container:
        context = container.streams.video[0].codec_context
        tags = (context.color_primaries, context.color_trc, context.colorspace, context.color_range)
        assert (*tags, context.pix_fmt) == (1, 1, 1, 1, "yuv420p")


@pytest.mark.parametrize("colour", COLOURS, ids=str)
def test_flat_colours_survive(tmp_path: Path, colour: tuple[int, int, int]) -> None:
    """A puzzle may ask for a colour, so none may shift by more than two levels."""
    image = Image.new("RGB", (64, 64), colour)
    encode_clip([image] * 3, tmp_path / "flat.mp4", fps=8)
    assert max(error(frame, image).max() for frame in read_frames(tmp_path / "flat.mp4")) <= 2


def test_line_art_survives(tmp_path: Path) -> None:
    """Text and thin lines come back nearly as drawn."""
    drawn = [line_art(shift) for shift in range(6)]
    encode_clip(drawn, tmp_path / "art.mp4", fps=8)
    errors = [error(*pair).mean() for pair in zip(read_frames(tmp_path / "art.mp4"), drawn, strict=True)]
    assert max(errors) < 2


@pytest.mark.parametrize(("tag", "size"), [(1, 64), (5, 64), (2, 64), (2, 1280)], ids=["709", "601", "small", "hd"])
def test_read_follows_the_matrix(tmp_path: Path, tag: int, size: int) -> None:
    """Untagged video is BT.601 when small and BT.709 when large."""
    image = Image.new("RGB", (size, 64), (12, 200, 100))
    with av.open(str(tmp_path / "tag.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=8)
        stream.width, stream.height, stream.pix_fmt, stream.codec_context.colorspace = size, 64, "yuv420p", tag
        used = tag if tag != 2 else 1 if size == 1280 else 5
        frame = av.VideoFrame.from_image(image).reformat(format="yuv420p", src_colorspace=9, dst_colorspace=used)
        frame.colorspace = tag
        container.mux([*stream.encode(frame), *stream.encode(None)])
    assert error(next(read_frames(tmp_path / "tag.mp4")), image).max() <= 4


@settings(max_examples=30, deadline=None)
@given(width=st.integers(2, 80), height=st.integers(2, 80), count=st.integers(1, 6))
def test_size_and_count_come_back(
    tmp_path_factory: pytest.TempPathFactory, width: int, height: int, count: int
) -> None:
    """Any size is kept, rounded up to even."""
    path = tmp_path_factory.getbasetemp() / "any.mp4"
    encode_clip(repeat(Image.new("RGB", (width, height), "teal"), count), path, fps=16)
    info = check_clip(path)
    assert (info.width, info.height, info.frames) == (width + width % 2, height + height % 2, count)


def test_odd_size_repeats_the_edge(tmp_path: Path) -> None:
    """The added column and row copy their neighbours; nothing is scaled."""
    image = Image.new("RGB", (33, 17), (37, 99, 235))
    encode_clip([image], tmp_path / "odd.mp4", fps=8)
    frame = next(read_frames(tmp_path / "odd.mp4"))
    assert frame.size == (34, 18)
    assert error(frame, Image.new("RGB", (34, 18), (37, 99, 235))).max() <= 2


@pytest.mark.parametrize("fps", [0.5, 12.5, 16, 23.976, 30000 / 1001, 120])
def test_frame_rate_comes_back(tmp_path: Path, fps: float) -> None:
    """Whole and fractional rates are kept, and the last frame lasts as long as the others."""
    encode_clip(noise(5, size=16), tmp_path / "rate.mp4", fps=fps)
    info = check_clip(tmp_path / "rate.mp4")
    assert info.fps == pytest.approx(fps, rel=1e-4)
    assert info.seconds == pytest.approx(5 / fps, rel=1e-3)


def test_arrays_are_frames(tmp_path: Path) -> None:
    """An array of height, width and three bytes is a frame, contiguous or not."""
    array = np.zeros((32, 48, 3), dtype=np.uint8)
    array[:, :24] = 255
    encode_clip([array[:, ::-1]], tmp_path / "array.mp4", fps=8)
    frame = next(read_frames(tmp_path / "array.mp4"))
    assert frame.size == (48, 32)
    assert error(frame, Image.fromarray(array).transpose(Image.Transpose.FLIP_LEFT_RIGHT)).mean() < 2


def test_alpha_lies_on_white(tmp_path: Path) -> None:
    """What is transparent becomes white, not black."""
    encode_clip([Image.new("RGBA", (16, 16), (0, 0, 0, 0))], tmp_path / "alpha.mp4", fps=8)
    assert min(next(read_frames(tmp_path / "alpha.mp4")).getpixel((8, 8))) >= 253


def test_frames_are_taken_one_by_one(tmp_path: Path) -> None:
    """The encoder lets go of each frame, whatever their number."""
    alive, most = set(), 0

    class Counted(Image.Image):
        def __del__(self) -> None:
            alive.discard(id(self))

    def frames() -> Iterator[Image.Image]:
        nonlocal most
        for _ in range(300):
            frame = Image.new("RGB", (16, 16))
            frame.__class__ = Counted
            alive.add(id(frame))
            most = max(most, len(alive))
            yield frame

    encode_clip(frames(), tmp_path / "long.mp4", fps=24)
    assert check_clip(tmp_path / "long.mp4").frames == 300
    assert most <= 5


def test_uneven_frames_are_refused(tmp_path: Path) -> None:
    """The error names the frame and nothing is left behind."""
    frames = [Image.new("RGB", (16, 16))] * 3 + [Image.new("RGB", (17, 16))]
    with pytest.raises(ClipError, match="frame 3 is 17 x 16"):
        encode_clip(frames, tmp_path / "uneven.mp4.part", fps=8)
    assert not list(tmp_path.iterdir())


def test_no_frames_are_refused(tmp_path: Path) -> None:
    """A clip of nothing is an error, not an empty file."""
    with pytest.raises(ClipError, match="no frames"):
        encode_clip([], tmp_path / "none.mp4", fps=8)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("frame", [np.zeros((8, 8, 3), dtype=np.float32), np.zeros(8, dtype=np.float64), "x"], ids=repr)
def test_wrong_frames_are_refused(tmp_path: Path, frame: object) -> None:
    """Only pictures and arrays of bytes are frames."""
    with pytest.raises(ClipError, match="frame 0 is not a picture"):
        encode_clip([frame], tmp_path / "wrong.mp4", fps=8)


@pytest.mark.parametrize("fps", [0, -1, float("nan"), float("inf"), 1e-9])
def test_wrong_rates_are_refused(tmp_path: Path, fps: float) -> None:
    """A rate that no file can hold is the caller's mistake."""
    with pytest.raises(ValueError, match="fps"):
        encode_clip(noise(1), tmp_path / "rate.mp4", fps=fps)


def test_failing_frames_leave_no_file(tmp_path: Path) -> None:
    """An error of the model passes through and its half clip goes."""

    def frames() -> Iterator[Image.Image]:
        yield from noise(20)
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        encode_clip(frames(), tmp_path / "half.mp4", fps=8)
    assert not list(tmp_path.iterdir())


def test_missing_folder_is_an_os_error(tmp_path: Path) -> None:
    """The disk's refusal is not the clip's fault."""
    with pytest.raises(OSError, match="No such file"):
        encode_clip(noise(1), tmp_path / "nowhere" / "clip.mp4", fps=8)


def test_colon_in_a_name_is_no_protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative name such as a:b.part is a file like any other."""
    monkeypatch.chdir(tmp_path)
    encode_clip(noise(2), "a:b.part", fps=8)
    assert check_clip("a:b.part").frames == 2


OTHERS = {
    "b-frames": lambda path: write_with(path / "clip.mp4", "libx264"),
    "audio": lambda path: write_with(path / "clip.mp4", "libx264", audio=True),
    "vfr": lambda path: write_with(path / "clip.mp4", "libx264", uneven=True),
    "hevc": lambda path: write_with(path / "clip.mp4", "libx265"),
    "mov": lambda path: write_with(path / "clip.mov", "mpeg4"),
    "vp9": lambda path: write_with(path / "clip.webm", "libvpx-vp9"),
    "fragments": lambda path: write_with(
        path / "clip.mp4", "libx264", options={"movflags": "frag_keyframe+empty_moov"}
    ),
}


@pytest.mark.parametrize("write", OTHERS.values(), ids=OTHERS.keys())
def test_other_encoders_are_read(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    """What vendors send passes, and each frame can be read."""
    path = write(tmp_path)
    info = check_clip(path)
    assert (info.frames, info.width, info.height) == (12, 64, 64)
    assert 0.3 < info.seconds < 0.6
    assert sum(1 for _ in read_frames(path)) == 12


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("write", OTHERS.values(), ids=OTHERS.keys())
def test_cut_clips_are_refused(tmp_path: Path, write: Callable[[Path], Path], part: float) -> None:
    """Wherever a download stops, the rest is not a clip."""
    path = write(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    with pytest.raises(ClipError):
        check_clip(path)


def test_each_cut_of_a_clip_is_refused(tmp_path: Path) -> None:
    """No length but the whole one passes."""
    path = tmp_path / "clip.mp4"
    encode_clip([Image.new("RGB", (16, 16))] * 2, path, fps=8)
    data = path.read_bytes()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(ClipError):
            check_clip(path)


def only_sound(path: Path) -> None:
    """An mp4 without a video stream."""
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=48000)
        container.mux([*stream.encode(silence(0)), *stream.encode(None)])


def without_samples(path: Path) -> None:
    """An mp4 whose video stream has no frames."""
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width = stream.height = 16
        container.start_encoding()


def one_frame_too_few(path: Path) -> None:
    """A clip of 12 frames whose index announces 13."""
    encode_clip(noise(12), path, fps=24)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"stts" + struct.pack(">III", 0, 1, 12), b"stts" + struct.pack(">III", 0, 1, 13)))


def hole(path: Path) -> None:
    """A clip of full length, with zeros where a piece was never fetched."""
    encode_clip(noise(12), path, fps=24)
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 4000] = bytes(4000)
    path.write_bytes(data)


BROKEN = {
    "missing": lambda path: None,
    "folder": lambda path: path.mkdir(),
    "empty": lambda path: path.write_bytes(b""),
    "html": lambda path: path.write_text("<!DOCTYPE html><title>404</title>"),
    "json": lambda path: path.write_text('{"error": "expired"}'),
    "playlist": lambda path: path.write_text("#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n"),
    "image": lambda path: Image.new("RGB", (16, 16)).save(path, "PNG"),
    "zeros": lambda path: path.write_bytes(bytes(5000)),
    "head only": lambda path: path.write_bytes(b"\0\0\0\x10ftypisom\0\0\0\0"),
    "bare ebml": lambda path: path.write_bytes(b"\x1a\x45\xdf\xa3"),
    "only sound": only_sound,
    "no samples": without_samples,
    "count": one_frame_too_few,
    "hole": hole,
}


@pytest.mark.parametrize("breaks", BROKEN.values(), ids=BROKEN.keys())
def test_broken_files_are_clip_errors(tmp_path: Path, breaks: Callable[[Path], object]) -> None:
    """Whatever is wrong with a file, the run hears of it as a ClipError."""
    path = tmp_path / "broken.mp4"
    breaks(path)
    with pytest.raises(ClipError):
        check_clip(path)


def test_web_page_gets_a_hint(tmp_path: Path) -> None:
    """The commonest mistake of a downloader is named."""
    (tmp_path / "page.mp4").write_text("\n<html>sign in</html>")
    with pytest.raises(ClipError) as caught:
        check_clip(tmp_path / "page.mp4")
    assert "web page" in caught.value.hint


def test_trimmed_clip_is_whole(clip: Path) -> None:
    """Frames that an edit list hides are not missing."""
    data = bytearray(clip.read_bytes())
    at = data.index(b"elst") + 16
    (start,) = struct.unpack_from(">i", data, at)
    struct.pack_into(">i", data, at, start + 5 * 512)  # each frame lasts 512 ticks
    clip.write_bytes(data)
    assert check_clip(clip).frames == sum(1 for _ in read_frames(clip)) == 7


def test_reading_can_stop_early(clip: Path) -> None:
    """Taking the first frames decodes no more than these."""
    frames = read_frames(clip)
    assert len(list(islice(frames, 2))) == 2
    frames.close()
