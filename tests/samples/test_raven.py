"""The Raven samples have exactly one option that completes the matrix."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from PIL import Image, ImageChops, ImageStat

from tools.samples.raven import CELL, GAP, LEFT, OPTION, OPTION_GAP, OPTION_LEFT, OPTION_TOP, TOP

DOMAIN = "raven"

Figure = dict[str, Any]
Lines = list[list[Any]]


def completed(facts: dict[str, Any], option: Figure) -> list[list[Figure]]:
    """The matrix with this option in its last cell."""
    rows = [list(row) for row in facts["cells"]]
    rows[2][2] = option
    return rows


def columns(rows: list[list[Any]]) -> list[list[Any]]:
    """The same matrix, column by column."""
    return [list(column) for column in zip(*rows, strict=True)]


def advances(line: list[Any], cycle: list[Any], steps: int) -> bool:
    """Whether each value of a line lies so many steps behind the next one."""
    places = [cycle.index(value) for value in line]
    return all((later - earlier - steps) % len(cycle) == 0 for earlier, later in pairwise(places))


def rule_names(lines: Lines) -> set[str]:
    """The everyday rules that all these lines follow."""
    names = set()
    if all(len(set(line)) == 1 for line in lines):
        names.add("same")
    if all(len(set(line)) == 3 and set(line) == set(lines[0]) for line in lines):
        names.add("each of three once")
    if all(isinstance(value, int) for line in lines for value in line):
        steps = {(b - a) % 360 for line in lines for a, b in pairwise(line)}
        names |= {"equal steps"} if len(steps) == 1 and steps != {0} else set()
    return names


def attribute_of(lines: Iterable[list[Figure]], name: str) -> Lines:
    """One attribute of all figures."""
    return [[figure[name] for figure in line] for line in lines]


def test_one_option_fits_the_rules(facts: dict[str, Any]) -> None:
    """By the recorded rules, every row and column holds with the answer and fails with each other option."""
    fitting = []
    for letter, option in facts["options"].items():
        rows = completed(facts, option)
        checks = [
            advances([figure[name] for figure in line], rule["cycle"], rule[steps])
            for name, rule in facts["rules"].items()
            for steps, lines in (("steps_right", rows), ("steps_down", columns(rows)))
            for line in lines
        ]
        fitting += [letter] if all(checks) else []
    assert fitting == [facts["answer"]]


def test_one_option_fits_for_those_who_do_not_know_the_rules(facts: dict[str, Any]) -> None:
    """Whatever everyday rules the first two rows and columns share, only the answer lets the third ones share them."""
    fitting = []
    for letter, option in facts["options"].items():
        rows = completed(facts, option)
        pairs = [
            (rule_names(attribute_of(lines[:2], name)), rule_names(attribute_of(lines, name)))
            for name in option
            for lines in (rows, columns(rows))
        ]
        assert all(seen for seen, _ in pairs)
        fitting += [letter] if all(kept for _, kept in pairs) else []
    assert fitting == [facts["answer"]]


def test_options_alone_do_not_tell_the_answer(facts: dict[str, Any]) -> None:
    """The six options differ, and each attribute takes two values, three times each."""
    options = list(facts["options"].values())
    assert facts["options"][facts["answer"]] == facts["cells"][2][2]
    assert len({tuple(option.items()) for option in options}) == 6
    for name in facts["rules"]:
        values = [option[name] for option in options]
        assert sorted(values.count(value) for value in set(values)) == [3, 3]


def test_final_picture_fills_the_last_cell(facts: dict[str, Any], first: Image.Image, final: Image.Image) -> None:
    """Only the last cell changes, and of all options it comes to look like the answer."""
    left, top = LEFT + 2 * (CELL + GAP), TOP + 2 * (CELL + GAP)
    elsewhere = ImageChops.difference(first, final)
    elsewhere.paste((0, 0, 0), (left - 1, top - 1, left + CELL + 1, top + CELL + 1))
    assert elsewhere.getbbox() is None
    filled = final.crop((left + 4, top + 4, left + CELL - 4, top + CELL - 4)).resize((60, 60))
    distances = {}
    for position, letter in enumerate(facts["options"]):
        x = OPTION_LEFT + position * (OPTION + OPTION_GAP)
        option = final.crop((x + 3, OPTION_TOP + 3, x + OPTION - 3, OPTION_TOP + OPTION - 3)).resize((60, 60))
        distances[letter] = sum(ImageStat.Stat(ImageChops.difference(filled, option)).mean)
    assert min(distances, key=lambda letter: distances[letter]) == facts["answer"]
