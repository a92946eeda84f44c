"""The maze samples have exactly one path from the ball to the star."""

from typing import Any

from PIL import Image

from tools.samples.maze import BOARD, MARGIN

DOMAIN = "maze"
STEPS = {"N": (-1, 0), "E": (0, 1), "S": (1, 0), "W": (0, -1)}

Cell = tuple[int, int]


def links(facts: dict[str, Any]) -> dict[Cell, dict[str, Cell]]:
    """For each cell, the cells that open to it, by the way they lie."""
    rows = [line.split() for line in facts["open_sides"]]
    return {
        (y, x): {way: (y + STEPS[way][0], x + STEPS[way][1]) for way in sides.strip("-")}
        for y, row in enumerate(rows)
        for x, sides in enumerate(row)
    }


def simple_paths(here: Cell, goal: Cell, maze: dict[Cell, dict[str, Cell]], seen: tuple[Cell, ...] = ()) -> list[str]:
    """Every way from here to the goal that visits no cell twice."""
    if here == goal:
        return [""]
    ahead = [(way, cell) for way, cell in maze[here].items() if cell not in seen]
    return [way + rest for way, cell in ahead for rest in simple_paths(cell, goal, maze, (*seen, here))]


def test_maze_is_a_spanning_tree(facts: dict[str, Any]) -> None:
    """All cells are connected by one passage fewer than there are cells, and walls agree from both sides."""
    maze = links(facts)
    assert len(maze) == facts["rows"] * facts["columns"]
    assert all(cell in maze[other].values() for cell in maze for other in maze[cell].values())
    assert sum(len(ways) for ways in maze.values()) == 2 * (len(maze) - 1)
    reached, edge = {(0, 0)}, {(0, 0)}
    while edge:
        edge = {other for cell in edge for other in maze[cell].values()} - reached
        reached |= edge
    assert reached == set(maze)


def test_path_is_the_only_one(facts: dict[str, Any]) -> None:
    """The recorded path leads from the start to the goal, and no other does."""
    start, goal = tuple(facts["start"]), tuple(facts["goal"])
    assert start != goal
    assert simple_paths(start, goal, links(facts)) == [facts["path"]]


def test_pictures_show_the_walls(facts: dict[str, Any], first: Image.Image, final: Image.Image) -> None:
    """In the middle of each side between two cells there is ink exactly where the side is closed."""
    maze, pitch = links(facts), BOARD / facts["rows"]
    for row, column in maze:
        for way, (down, right) in STEPS.items():
            x = round(MARGIN + (column + 0.5 + right / 2) * pitch)
            y = round(MARGIN + (row + 0.5 + down / 2) * pitch)
            spot = (x - 1, y - 1, x + 1, y + 1)
            is_dark = [max(picture.crop(spot).convert("L").tobytes()) < 90 for picture in (first, final)]
            closed = way not in maze[row, column]
            assert is_dark == [closed, closed], (row, column, way)


def test_ball_rolls_from_start_to_goal(facts: dict[str, Any], first: Image.Image, final: Image.Image) -> None:
    """The green of the ball is at the start in the first picture only, and at the goal in the final one only."""
    pitch, found = BOARD / facts["rows"], []
    for cell in (facts["start"], facts["goal"]):
        spot = (round(MARGIN + (cell[1] + 0.5) * pitch), round(MARGIN + (cell[0] + 0.5) * pitch + pitch * 0.15))
        for picture in (first, final):
            colour = picture.getpixel(spot)
            assert isinstance(colour, tuple)
            found.append(colour[1] > max(colour[0], colour[2]) + 30)
    assert found == [True, False, False, True]
