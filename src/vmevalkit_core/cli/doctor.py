"""`doctor`: what there is on this machine, and how to mend what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vmevalkit_core.checks import Check, Surroundings, check_all
from vmevalkit_core.cli.catalog import load_registry
from vmevalkit_core.redact import Redactor
from vmevalkit_core.registry import Registry
from vmevalkit_core.terminal import out


def examine(output: Path, *, files: Sequence[str], online: bool, as_json: bool) -> int:
    """Show every finding; 1 when one of them is a problem. Vendors are asked only where `online`.

    Models from `files` count as installed; an error says at once what is wrong with such a file.
    """
    registry = _with_files(files) if files else None
    around = Surroundings(lambda: registry or load_registry(), output=output, online=online)
    if online:
        out.hide(Redactor(around.secrets()))  # what a plugin logs while it asks
    found = check_all(around)
    if as_json:
        findings = list(found)
        out.dump([one._asdict() for one in findings])
    else:
        findings = [_told(one) for one in found]
        _conclude(findings)
    return int(any(one.state == "problem" for one in findings))


def _with_files(files: Sequence[str]) -> Registry:
    registry = load_registry()
    for target in files:
        registry.find(target)
    return registry


def _told(one: Check) -> Check:
    """The finding, shown as soon as it is known."""
    first = f"{one.state:<8} {one.name:<10} "
    out.say(out.paragraph(one.text, first=first, rest=" " * len(first)))
    if one.hint:
        out.say(out.paragraph(one.hint, first=" " * len(first) + "-> ", rest=" " * len(first) + "   "))
    return one


def _conclude(findings: list[Check]) -> None:
    problems = sum(one.state == "problem" for one in findings)
    out.say(f"\n{out.count(problems, 'problem')}." if problems else "\nNo problem found.")
