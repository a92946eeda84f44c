"""The rotation samples show what a ray caster sees, which knows nothing of the order of painting."""

import math
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from tools.samples.drawing import Rgb
from tools.samples.scene import CUBE_PIXELS, LIGHT, TABLE_MIDDLE, TABLE_RADIUS, cube_colour, face_colour

DOMAIN = "rotation"
FRAMES = ["first", "final"]

Vector = tuple[float, float, float]
Hit = tuple[int, int]


def corners(facts: dict[str, Any]) -> list[Vector]:
    """The lowest corner of each cube, with the middle of the table as origin."""
    middle = [(min(values) + max(values) + 1) / 2 for values in zip(*facts["voxels"], strict=True)]
    return [(x - middle[0], y - middle[1], z) for x, y, z in facts["voxels"]]


def view(facts: dict[str, Any], frame: str) -> tuple[Vector, Vector, Vector]:
    """The camera's right, up and backward directions."""
    azimuth, elevation = (math.radians(facts[f"{name}_degrees"]) for name in (f"{frame}_azimuth", "elevation"))
    level, height = math.cos(elevation), math.sin(elevation)
    ahead = (math.cos(azimuth), math.sin(azimuth))
    right, up = (-ahead[1], ahead[0], 0.0), (-height * ahead[0], -height * ahead[1], level)
    return right, up, (level * ahead[0], level * ahead[1], height)


def entry(start: Vector, back: Vector, corner: Vector) -> tuple[float, int] | None:
    """How far a ray runs until it enters a cube, and the axis of the face it meets, if it meets one."""
    spans = [sorted(((start[axis] - corner[axis] - far) / back[axis], axis) for far in (0, 1)) for axis in range(3)]
    nearest, farthest = max(span[0] for span in spans), min(span[1] for span in spans)
    return nearest if nearest[0] < farthest[0] else None


def cast(x: float, y: float, facts: dict[str, Any], frame: str) -> Hit | None:
    """The cube, by its place in the chain, and the axis of its face that a ray through this pixel meets first."""
    right, up, back = view(facts, frame)
    across, above = (x - TABLE_MIDDLE[0]) / CUBE_PIXELS, (TABLE_MIDDLE[1] - y) / CUBE_PIXELS
    start = tuple(r * across + u * above + 20 * b for r, u, b in zip(right, up, back, strict=True))
    entries = [(entry((start[0], start[1], start[2]), back, corner), at) for at, corner in enumerate(corners(facts))]
    met = [(found[0], at, found[1]) for found, at in entries if found]
    return min(met)[1:] if met else None


def clear_hits(facts: dict[str, Any], frame: str) -> Iterator[tuple[tuple[int, int], Hit | None]]:
    """Pixels on a grid, each with what the ray meets; those near an edge of anything are left out."""
    for x in range(10, 502, 11):
        for y in range(10, 502, 11):
            around = {cast(x + 0.5 + dx, y + 0.5 + dy, facts, frame) for dx, dy in ((0, 3), (3, -2), (-3, -2))}
            if len(around) == 1:
                yield (x, y), around.pop()


def colour_of(hit: Hit, facts: dict[str, Any], frame: str) -> Rgb:
    """The colour that a face must have in the picture."""
    position, axis = hit
    side = math.copysign(1, view(facts, frame)[2][axis])
    normal = (side * (axis == 0), side * (axis == 1), side * (axis == 2))
    return face_colour(cube_colour(position, len(facts["voxels"])), normal)


@pytest.mark.parametrize("frame", FRAMES)
def test_pictures_agree_with_a_ray_caster(frame: str, facts: dict[str, Any], request: pytest.FixtureRequest) -> None:
    """Wherever a ray meets a face the picture has its colour, and nowhere else is there any colour of the cubes."""
    picture: Image.Image = request.getfixturevalue(frame)
    faces = {hit: colour_of(hit, facts, frame) for _, hit in clear_hits(facts, frame) if hit}
    assert len(faces) > 2 * len(facts["voxels"])
    for spot, hit in clear_hits(facts, frame):
        seen = picture.getpixel(spot)
        if hit:
            assert seen == pytest.approx(faces[hit], abs=3), spot
        else:
            assert seen not in faces.values(), spot


@pytest.mark.parametrize("frame", FRAMES)
def test_every_cube_is_seen(frame: str, facts: dict[str, Any]) -> None:
    """No cube hides behind the others, so each picture shows the whole sculpture."""
    seen = {hit[0] for _, hit in clear_hits(facts, frame) if hit}
    assert seen == set(range(len(facts["voxels"])))


def test_sculpture_is_one_chain(facts: dict[str, Any]) -> None:
    """Each cube touches the one before it in the chain and no others, so all of them are connected."""
    voxels = [tuple(voxel) for voxel in facts["voxels"]]
    touching = {
        (a, b)
        for a, first in enumerate(voxels)
        for b, second in enumerate(voxels)
        if a < b and sum(abs(p - q) for p, q in zip(first, second, strict=True)) <= 1
    }
    assert touching == {(position, position + 1) for position in range(len(voxels) - 1)}


def test_sculpture_and_its_shadow_stand_on_the_table(facts: dict[str, Any]) -> None:
    """The centre of mass is above a cube on the ground, and no shadow falls beside the table."""
    cubes = corners(facts)
    ground = [(x, y) for x, y, z in cubes if z == 0]
    mass_x, mass_y = (sum(cube[axis] + 0.5 for cube in cubes) / len(cubes) for axis in (0, 1))
    assert any(x <= mass_x <= x + 1 and y <= mass_y <= y + 1 for x, y in ground)
    for x, y, z in cubes:
        for dx, dy, dz in ((a, b, c) for a in (0, 1) for b in (0, 1) for c in (0, 1)):
            fall = (z + dz) / LIGHT[2]
            assert math.hypot(x + dx - fall * LIGHT[0], y + dy - fall * LIGHT[1]) < TABLE_RADIUS


def test_camera_moves_to_its_right(facts: dict[str, Any], metadata: dict[str, Any]) -> None:
    """The turn is as the prompt says, and its first degree takes the camera to its own right."""
    turn = facts["turn_degrees"]
    assert (facts["final_azimuth_degrees"] - facts["first_azimuth_degrees"]) % 360 == turn
    assert f"circles smoothly to the {facts['camera_moves']} around the table by {turn} degrees" in metadata["prompt"]
    right, _, back = view(facts, "first")
    _, _, later = view(facts | {"first_azimuth_degrees": facts["first_azimuth_degrees"] + 1}, "first")
    assert sum(r * (b - a) for r, a, b in zip(right, back, later, strict=True)) > 0
