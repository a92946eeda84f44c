"""A small renderer: cubes on a round table, in parallel projection, painted from the farthest to the nearest."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .drawing import BLUE, CORAL, INK, SIZE, VIOLET, Canvas, Point, Rgb, mixed

Voxel = tuple[int, int, int]
Vector = tuple[float, float, float]

CUBE_PIXELS = 60
TABLE_RADIUS = 3.9
TABLE_THICKNESS = 0.22
TABLE_MIDDLE = (SIZE / 2, 326.0)
TABLE_TOP, TABLE_RIM, SHADOW, BACKDROP = "#e9dfcd", "#c9bba2", "#cfc3ad", "#f4f1ea"

# The light stays where it is when the camera moves: it comes from above, from one side.
LIGHT: Vector = (0.36, 0.21, 0.909)
DAYLIGHT, DUSK = "#fff6e0", "#2b2a55"

# Each face of a cube: the way it looks, then its corners in turn.
FACES: dict[Vector, list[Vector]] = {
    (1, 0, 0): [(1, 0, 0), (1, 1, 0), (1, 1, 1), (1, 0, 1)],
    (-1, 0, 0): [(0, 0, 0), (0, 1, 0), (0, 1, 1), (0, 0, 1)],
    (0, 1, 0): [(0, 1, 0), (1, 1, 0), (1, 1, 1), (0, 1, 1)],
    (0, -1, 0): [(0, 0, 0), (1, 0, 0), (1, 0, 1), (0, 0, 1)],
    (0, 0, 1): [(0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)],
}


@dataclass(frozen=True)
class Camera:
    """A camera that looks at the middle of the table; a growing azimuth moves it to its own right."""

    azimuth: float
    elevation: float

    @property
    def towards(self) -> Vector:
        """The unit vector that points from the table to the camera."""
        a, e = math.radians(self.azimuth), math.radians(self.elevation)
        return math.cos(e) * math.cos(a), math.cos(e) * math.sin(a), math.sin(e)

    @property
    def right(self) -> Vector:
        """The unit vector that points to the right in the picture."""
        a = math.radians(self.azimuth)
        return -math.sin(a), math.cos(a), 0.0

    @property
    def up(self) -> Vector:
        """The unit vector that points up in the picture."""
        a, e = math.radians(self.azimuth), math.radians(self.elevation)
        return -math.sin(e) * math.cos(a), -math.sin(e) * math.sin(a), math.cos(e)

    def project(self, spot: Vector) -> Point:
        """The place in the picture, in pixels, of a spot measured in cubes from the middle of the table."""
        x, y = TABLE_MIDDLE
        return x + CUBE_PIXELS * dot(spot, self.right), y - CUBE_PIXELS * dot(spot, self.up)


def dot(first: Vector, second: Vector) -> float:
    """The scalar product."""
    return sum(a * b for a, b in zip(first, second, strict=True))


def cube_colour(position: int, count: int) -> Rgb:
    """The colour of one cube in a chain: from blue at its head over violet to coral at its tail."""
    share = 2 * position / (count - 1)
    return mixed(BLUE, VIOLET, share) if share < 1 else mixed(VIOLET, CORAL, share - 1)


def face_colour(colour: Rgb, normal: Vector) -> Rgb:
    """What a face of this colour looks like in the light."""
    brightness = max(0.0, dot(normal, LIGHT))
    return mixed(mixed(colour, DUSK, 0.36), mixed(colour, DAYLIGHT, 0.22), brightness)


def placed(voxels: Sequence[Voxel]) -> list[Vector]:
    """The lowest corner of each cube, measured from the middle of the table, when their middle stands there."""
    xs, ys, zs = zip(*voxels, strict=True)
    shift = ((min(xs) + max(xs) + 1) / 2, (min(ys) + max(ys) + 1) / 2, min(zs))
    return [(x - shift[0], y - shift[1], z - shift[2]) for x, y, z in voxels]


def draw_sculpture(voxels: Sequence[Voxel], camera: Camera) -> Canvas:
    """The picture that the camera takes of the sculpture on its table."""
    canvas, corners = Canvas(BACKDROP), placed(voxels)
    _draw_table(canvas, camera)
    for corner in corners:
        _draw_shadow(canvas, camera, corner)
    # A cube can only hide cubes that lie deeper along every axis, so the order of their depths is enough.
    for position in sorted(range(len(corners)), key=lambda position: dot(corners[position], camera.towards)):
        _draw_cube(canvas, camera, corners[position], cube_colour(position, len(voxels)))
    return canvas


def _draw_table(canvas: Canvas, camera: Camera) -> None:
    (x, y), tilt = TABLE_MIDDLE, math.radians(camera.elevation)
    wide, high = TABLE_RADIUS * CUBE_PIXELS, TABLE_RADIUS * CUBE_PIXELS * math.sin(tilt)
    drop = TABLE_THICKNESS * CUBE_PIXELS * math.cos(tilt)
    canvas.ellipse((x, y + drop), (wide, high), TABLE_RIM)
    canvas.box((x - wide, y, x + wide, y + drop), TABLE_RIM)
    canvas.ellipse((x, y), (wide, high), TABLE_TOP)


def _draw_shadow(canvas: Canvas, camera: Camera, corner: Vector) -> None:
    for face in FACES.values():
        canvas.polygon([camera.project(_on_the_table(_added(corner, offset))) for offset in face], SHADOW)


def _on_the_table(spot: Vector) -> Vector:
    """Where the light that is stopped at a spot would have met the table."""
    x, y, z = spot
    return x - z * LIGHT[0] / LIGHT[2], y - z * LIGHT[1] / LIGHT[2], 0.0


def _draw_cube(canvas: Canvas, camera: Camera, corner: Vector, colour: Rgb) -> None:
    for normal, face in FACES.items():
        if dot(normal, camera.towards) > 0:
            shade = face_colour(colour, normal)
            outline = [camera.project(_added(corner, offset)) for offset in face]
            canvas.polygon(outline, shade, mixed(colour, INK, 0.55), 1.2)


def _added(first: Vector, second: Vector) -> Vector:
    return first[0] + second[0], first[1] + second[1], first[2] + second[2]
