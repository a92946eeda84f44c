"""The floor and the ceiling: two models that need no key and no network."""

import asyncio
import hashlib
import json
from types import SimpleNamespace

import pytest
from PIL import Image
from pydantic import ValidationError

from vmevalkit_core import Context, GenerationRequest, ImageRef, MissingFrame, check_clip, read_frames
from vmevalkit_core.baselines.models import BaselineOptions, share
from vmevalkit_core.limits import Limiter
from vmevalkit_core.registry import Registry

BAD = [{"seconds": 0}, {"seconds": 61}, {"fps": 0}, {"fps": 2.5}, {"colour": 1}]


def picture(path, colour, size=(64, 48)):
    """A picture of one colour, as a request refers to it."""
    Image.new("RGB", size, colour).save(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return ImageRef(
        path=path, sha256=digest, media_type="image/png", size=size, geometry={"source": size, "sent": size}
    )


def generate(name, folder, final_size=(64, 48), **options):
    """The clip of a question from red to blue."""
    registry = Registry.load()
    request = GenerationRequest(
        model=name,
        prompt="make it blue",
        first_frame=picture(folder / "first.png", "red"),
        final_frame=picture(folder / "final.png", "blue", final_size),
        options=options,
    )
    return asyncio.run(run(registry, registry.get(name), request, folder / "clip.mp4"))


async def run(registry, spec, request, path):
    """What a worker does: build the generator and ask it once."""
    generator = registry.load_target(spec.factory)(spec, Context(env={}, limiter=Limiter(1)))
    return await generator.generate(request, SimpleNamespace(clip_path=path))


def red_and_blue(frame):
    """Which of the two colours a decoded frame shows, as shares of 255."""
    red, _, blue = frame.convert("RGB").resize((1, 1)).getpixel((0, 0))
    return round(red / 255), round(blue / 255)


@pytest.mark.parametrize("name", ["baseline-hold", "baseline-oracle"])
def test_clip_has_the_length_asked_for(tmp_path, name):
    """Seconds and frames per second are kept."""
    facts = check_clip(generate(name, tmp_path, seconds=1.5, fps=10).path)
    assert (facts.frames, facts.fps, facts.width, facts.height) == (15, 10, 64, 48)


def test_hold_never_changes(tmp_path):
    """Every frame is the first one."""
    frames = list(read_frames(generate("baseline-hold", tmp_path).path))
    assert {red_and_blue(frame) for frame in frames} == {(1, 0)}


@pytest.mark.parametrize("final_size", [(64, 48), (100, 30)], ids=["same size", "other size"])
def test_oracle_reaches_the_final_frame(tmp_path, final_size):
    """It begins with the first frame and ends with the final one, which is resized where it has to be."""
    frames = list(read_frames(generate("baseline-oracle", tmp_path, final_size).path))
    assert red_and_blue(frames[0]) == (1, 0)
    assert red_and_blue(frames[-1]) == (0, 1)


def test_fade_holds_both_ends():
    """A scorer that takes the first or last frames sees a whole picture."""
    shares = [share(number, 20) for number in range(20)]
    assert shares[:3] == [0.0, 0.0, 0.0]
    assert shares[-3:] == [1.0, 1.0, 1.0]
    assert shares == sorted(shares)
    assert share(0, 1) == 1.0


def test_oracle_needs_the_final_frame(tmp_path):
    """A task without a solution is refused by name."""
    registry = Registry.load()
    spec = registry.get("baseline-oracle")
    request = GenerationRequest(model=spec.name, prompt=None, first_frame=picture(tmp_path / "first.png", "red"))
    with pytest.raises(MissingFrame, match="final_frame"):
        asyncio.run(run(registry, spec, request, tmp_path / "clip.mp4"))


@pytest.mark.parametrize(
    "bad", [{"seconds": 0}, {"seconds": 61}, {"fps": 0}, {"fps": 2.5}, {"colour": 1}], ids=json.dumps
)
def test_bad_options_are_refused(bad):
    """Bounds and unknown names are checked before a frame is drawn."""
    with pytest.raises(ValidationError):
        BaselineOptions(**bad)


def test_baselines_are_free_and_say_what_they_see():
    """Listed like any plugin's models; the oracle says that it is shown the solution."""
    registry = Registry.load()
    hold, oracle = registry.get("baseline-hold"), registry.get("baseline-oracle")
    assert (hold.sees_solution, oracle.sees_solution) == (False, True)
    assert registry.options_class(oracle)().price() == 0
    assert BaselineOptions.model_fields["seconds"].description == "Length of the clip."
