"""Rotation questions: walk around a sculpture made of cubes and see it from another side."""

import random

from .question import Question
from .scene import Camera, Voxel, draw_sculpture

DOMAIN = "rotation"
SEEDS = (7, 53)
CUBES = (7, 9)
TURNS = (90, 180)
DIFFICULTIES = ("easy", "medium")
ELEVATION = 30
WIDEST = 4

DIRECTIONS = ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1))


def question(index: int) -> Question:
    """The rotation question with this index."""
    seed, turn = SEEDS[index], TURNS[index]
    rng = random.Random(seed)
    voxels = find_sculpture(CUBES[index], rng)
    azimuth = rng.randrange(20, 340, 90) + rng.randrange(0, 16, 5)
    return Question(
        domain=DOMAIN,
        index=index,
        seed=seed,
        difficulty=DIFFICULTIES[index],
        prompt=_prompt(len(voxels), turn),
        data={
            "voxels": [list(voxel) for voxel in voxels],
            "elevation_degrees": ELEVATION,
            "first_azimuth_degrees": azimuth,
            "final_azimuth_degrees": (azimuth + turn) % 360,
            "camera_moves": "right",
            "turn_degrees": turn,
        },
        first_frame=draw_sculpture(voxels, Camera(azimuth, ELEVATION)).finished(),
        final_frame=draw_sculpture(voxels, Camera(azimuth + turn, ELEVATION)).finished(),
    )


def _prompt(count: int, turn: int) -> str:
    return (
        f"A sculpture of {count} coloured cubes stands on a round table. The camera circles smoothly to the right "
        f"around the table by {turn} degrees, at the same height and distance, and then stops. "
        "The sculpture, the table and the light do not move or change."
    )


def find_sculpture(count: int, rng: random.Random) -> list[Voxel]:
    """A winding chain of cubes that stands on the ground without falling over."""
    while True:
        chain = _random_chain(count, rng)
        if len(chain) == count and _is_winding(chain) and _is_standing(chain):
            return chain


def _random_chain(count: int, rng: random.Random) -> list[Voxel]:
    """A random walk above the ground that never touches itself; shorter than wanted where it got stuck."""
    chain: list[Voxel] = [(0, 0, 0)]
    while len(chain) < count:
        free = [cube for cube in _neighbours(chain[-1]) if cube[2] >= 0 and _touched(cube, chain) == 1]
        if not free:
            break
        chain.append(rng.choice(free))
    return chain


def _neighbours(cube: Voxel) -> list[Voxel]:
    return [(cube[0] + dx, cube[1] + dy, cube[2] + dz) for dx, dy, dz in DIRECTIONS]


def _touched(cube: Voxel, chain: list[Voxel]) -> int:
    return sum(neighbour in chain for neighbour in _neighbours(cube))


def _is_winding(chain: list[Voxel]) -> bool:
    """Whether the chain reaches out in all three dimensions, and never far."""
    axes = [[cube[axis] for cube in chain] for axis in range(3)]
    spans = [max(places) - min(places) + 1 for places in axes]
    return min(spans) >= 3 and max(spans) <= WIDEST


def _is_standing(chain: list[Voxel]) -> bool:
    """Whether the centre of mass lies above a cube that rests on the ground."""
    x = round(sum(cube[0] for cube in chain) / len(chain))
    y = round(sum(cube[1] for cube in chain) / len(chain))
    return (x, y, 0) in chain
