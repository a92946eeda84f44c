"""Where a picture goes by a rule, and the way back: arithmetic, proven on random sizes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops

from vmevalkit_core import Geometry, ImageRule
from vmevalkit_core.media.fitting import fit_frame, unfit_frame

SIZES = ((1280, 720), (720, 1280), (1104, 832), (960, 960), (832, 1104), (1584, 672))
RULES = {
    "sizes": {"sizes": SIZES},
    "one size": {"sizes": ((832, 480),)},
    "ratios": {"ratios": ((16, 9), (9, 16), (1, 1), (4, 3), (3, 4), (21, 9))},
    "ratios in steps": {"ratios": ((16, 9), (9, 16), (1, 1)), "multiple": 8},
    "area": {"area": 832 * 480, "multiple": 16},
    "ratios and area": {"ratios": ((16, 9), (9, 16), (1, 1)), "area": 640 * 360},
    "small area": {"area": 1000},
    "multiple": {"multiple": 32},
    "any": {},
}
FITS = ("letterbox", "crop", "stretch")
sides = st.integers(min_value=1, max_value=4096)
shares = st.floats(min_value=-0.5, max_value=1.5)


def legal(rule: ImageRule, size: tuple[int, int]) -> bool:
    """Whether a size keeps a rule, told by other means than the rule's own."""
    width, height = size
    in_step = width % rule.multiple == 0 and height % rule.multiple == 0
    if rule.sizes:
        return size in rule.sizes
    if rule.area and width * height > rule.area:
        return False
    if rule.ratios:
        return in_step and any(width * down == height * across for across, down in rule.ratios)
    return in_step


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("kind", RULES)
@given(width=sides, height=sides, edges=st.tuples(shares, shares, shares, shares))
def test_box_comes_back_where_it_was(
    kind: str, fit: str, width: int, height: int, edges: tuple[float, float, float, float]
) -> None:
    """Within half a pixel, for any picture, rule and box, also beyond what was shown."""
    geometry = ImageRule.model_validate({"fit": fit, **RULES[kind]}).geometry((width, height))
    box = (edges[0] * width, edges[1] * height, edges[2] * width, edges[3] * height)
    there = geometry.to_sent(box)
    assert geometry.to_source(there) == pytest.approx(box, abs=0.01)
    assert Geometry.model_validate_json(geometry.model_dump_json()) == geometry


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("kind", RULES)
@given(width=sides, height=sides)
def test_what_is_sent_is_legal_and_inside(kind: str, fit: str, width: int, height: int) -> None:
    """The size keeps the rule, and what is shown lies in the picture on both sides."""
    rule = ImageRule.model_validate({"fit": fit, **RULES[kind]})
    geometry = rule.geometry((width, height))
    assert legal(rule, geometry.sent)
    for box, size in ((geometry.shown_box, geometry.source), (geometry.placed_box, geometry.sent)):
        assert -1e-6 <= box[0] < box[2] <= size[0] + 1e-6
        assert -1e-6 <= box[1] < box[3] <= size[1] + 1e-6


@given(width=st.integers(16, 4096), height=st.integers(16, 4096))
def test_letterbox_shows_all_and_keeps_the_shape(width: int, height: int) -> None:
    """Both directions are scaled alike, but for the rounding to whole pixels."""
    geometry = ImageRule(sizes=SIZES).geometry((width, height))
    left, top, right, bottom = geometry.placed_box
    assert geometry.shown_box == (0, 0, width, height)
    scale = min(geometry.sent[0] / width, geometry.sent[1] / height)
    assert right - left == pytest.approx(width * scale, abs=0.51)
    assert bottom - top == pytest.approx(height * scale, abs=0.51)
    assert left % 2 == 0
    assert top % 2 == 0


@given(width=st.integers(16, 4096), height=st.integers(16, 4096))
def test_crop_fills_the_picture_with_its_middle(width: int, height: int) -> None:
    """No bars, one scale, and as much left out on one side as on the other."""
    geometry = ImageRule(fit="crop", sizes=SIZES).geometry((width, height))
    left, top, right, bottom = geometry.shown_box
    assert geometry.placed_box == (0, 0, *geometry.sent)
    assert (right - left) / (bottom - top) == pytest.approx(geometry.sent[0] / geometry.sent[1])
    assert (left, top) == pytest.approx((width - right, height - bottom), abs=1)


@pytest.mark.parametrize(
    ("rule", "source", "sent"),
    [
        pytest.param({"sizes": SIZES}, (1600, 900), (1280, 720), id="the nearest shape"),
        pytest.param({"sizes": SIZES}, (276, 276), (960, 960), id="a square"),
        pytest.param({"sizes": ((640, 360), (1920, 1080))}, (1800, 1000), (1920, 1080), id="then the nearest area"),
        pytest.param({"ratios": ((16, 9), (1, 1))}, (500, 500), (500, 500), id="a ratio that it has"),
        pytest.param({"ratios": ((16, 9),)}, (594, 397), (720, 405), id="bars up to a ratio"),
        pytest.param({"ratios": ((16, 9),), "fit": "crop"}, (594, 397), (592, 333), id="cropped to a ratio"),
        pytest.param({"multiple": 32}, (276, 276), (288, 288), id="up to a multiple"),
        pytest.param({"multiple": 32, "fit": "crop"}, (276, 276), (256, 256), id="down to a multiple"),
        pytest.param({"area": 832 * 480, "multiple": 16}, (1600, 900), (832, 464), id="scaled to an area"),
        pytest.param({"area": 832 * 480, "multiple": 16}, (100, 400), (304, 1248), id="upright, scaled to an area"),
        pytest.param({}, (1455, 522), (1455, 522), id="any size"),
    ],
)
def test_size_is_the_one_a_person_would_choose(
    rule: dict[str, object], source: tuple[int, int], sent: tuple[int, int]
) -> None:
    """Shapes of real puzzles, worked out by hand."""
    assert ImageRule.model_validate(rule).geometry(source).sent == sent


def test_exact_refuses_with_the_nearest_size() -> None:
    """A user who wants no change at all is told what would be legal."""
    rule = ImageRule(fit="exact", sizes=SIZES)
    assert rule.geometry((960, 960)).is_identity
    with pytest.raises(ValueError, match="959 x 960, and 960 x 960"):
        rule.geometry((959, 960))


def test_clip_of_another_size_is_mapped() -> None:
    """Vendors scale; a clip of half the size shows the same at half the coordinates."""
    geometry = ImageRule(sizes=((1280, 720),)).geometry((500, 500))
    half = geometry.in_clip((640, 360))
    assert half.to_source((320, 180, 640, 360)) == pytest.approx(geometry.to_source((640, 360, 1280, 720)))


def test_odd_picture_is_padded_not_scaled() -> None:
    """H.264 has no odd sides, so one more column was added on the right and nothing moved."""
    geometry = ImageRule().geometry((277, 276)).in_clip((278, 276))
    assert geometry.to_source((0, 0, 277, 276)) == (0, 0, 277, 276)


def test_clip_of_another_shape_is_refused() -> None:
    """Nobody knows where the question lies in it."""
    geometry = ImageRule(sizes=((1280, 720),)).geometry((500, 500))
    with pytest.raises(ValueError, match="another shape"):
        geometry.in_clip((1024, 1024))


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("size", [(276, 276), (594, 397), (1455, 522)], ids=str)
def test_frame_comes_back_nearly_as_it_was(fit: str, size: tuple[int, int]) -> None:
    """A smooth picture, scaled up and down again, differs by hardly a grey level where it was shown."""
    question = Image.linear_gradient("L").resize(size).convert("RGB")
    geometry = ImageRule.model_validate({"fit": fit, "sizes": SIZES}).geometry(size)
    sent = fit_frame(question, geometry)
    back = unfit_frame(sent, geometry)
    assert (sent.size, back.size) == (geometry.sent, size)
    middle = (size[0] // 3, size[1] // 3, size[0] * 2 // 3, size[1] * 2 // 3)
    difference = ImageChops.difference(question.crop(middle), back.crop(middle))
    assert max(high for _, high in difference.getextrema()) <= 3  # type: ignore[misc]


@pytest.mark.parametrize("rule", [{"multiple": 64}, {"ratios": ((16, 9),)}], ids=["multiple", "ratio"])
def test_bars_alone_change_no_pixel(rule: dict[str, object]) -> None:
    """Where a picture keeps its scale, it comes back exactly."""
    question = Image.effect_noise((275, 276), 90).convert("RGB")
    geometry = ImageRule.model_validate(rule).geometry(question.size)
    assert unfit_frame(fit_frame(question, geometry), geometry).tobytes() == question.tobytes()


def test_what_a_crop_left_out_is_filled() -> None:
    """A scorer sees which part of the question the model never saw."""
    question = Image.new("RGB", (1000, 500), "red")
    geometry = ImageRule(fit="crop", sizes=((500, 500),)).geometry(question.size)
    back = unfit_frame(fit_frame(question, geometry), geometry, beyond="blue")
    assert [back.getpixel((x, 250)) for x in (100, 500, 900)] == [(0, 0, 255), (255, 0, 0), (0, 0, 255)]


def test_frame_of_a_wrong_size_is_refused() -> None:
    """A frame of another clip is not silently stretched."""
    geometry = ImageRule(multiple=32).geometry((276, 276))
    with pytest.raises(ValueError, match="288 x 288"):
        unfit_frame(Image.new("RGB", (276, 276)), geometry)


@pytest.mark.parametrize("name", ["sizes", "ratios"])
def test_side_of_no_pixels_is_refused(name: str) -> None:
    """When the rule is made, not when the first picture comes."""
    with pytest.raises(ValueError, match=name):
        ImageRule.model_validate({name: ((0, 9),)})
