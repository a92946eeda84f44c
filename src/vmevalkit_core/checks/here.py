"""What the folder and the environment of the command hold: .env, keys, questions."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from vmevalkit_core.checks.check import Check, Surroundings
from vmevalkit_core.environment import ENV_FILE, LINE_HINT, odd_lines
from vmevalkit_core.keys import KEY_HINT, key_faults
from vmevalkit_core.specs import Need

QUESTIONS = Path("data/questions")


def env_file(around: Surroundings) -> Iterator[Check]:
    """Whether there is a file .env, and who may read it."""
    if not ENV_FILE.is_file():
        yield Check(".env", "ok", "none in this folder; keys may stand in one")
        return
    for number in odd_lines():  # raises with its reason where the file cannot be read
        yield Check(".env", "problem", f"line {number} is no NAME=VALUE; it is ignored", LINE_HINT)
    mode = stat.S_IMODE(ENV_FILE.stat().st_mode)
    if mode & 0o077:
        yield Check(".env", "note", f"others can read or change it (mode {mode:o})", f"chmod 600 {ENV_FILE}")
    else:
        yield Check(".env", "ok", "found, yours alone")


def keys(around: Surroundings) -> Iterator[Check]:
    """Which variables the installed models need, and whether they are set; never what they hold."""
    needs: dict[tuple[str, ...], list[Need]] = {}
    faults: dict[str, str] = {}
    for spec in around.registry.models():
        for need in spec.needs:
            needs.setdefault(need.names, []).append(need)
            faults |= key_faults(spec, need, around.env)
    for name, fault in sorted(faults.items()):
        yield Check("key", "problem", f"{name} {fault}", KEY_HINT)
    for names, asked in sorted(needs.items()):
        yield _key(names, asked, around)
    if not needs:
        yield Check("key", "ok", "no installed model needs one")


def accounts(around: Surroundings) -> Iterator[Check]:
    """Whether the keys that are set work, and what is left; nothing unless the user asked for it."""
    if around.online:
        from vmevalkit_core.checks.accounts import ask_vendors

        yield from ask_vendors(around)


def questions(around: Surroundings) -> Iterator[Check]:
    """Whether there are questions in the usual place."""
    if QUESTIONS.is_dir():
        yield Check("questions", "ok", f"in {QUESTIONS}")
    else:
        text = f"there is no {QUESTIONS} here, so `vmeval run` without a folder takes the packaged samples"
        yield Check("questions", "note", text)


def _key(names: tuple[str, ...], asked: list[Need], around: Surroundings) -> Check:
    needed = [need for need in asked if not need.optional]
    count = len(needed or asked)
    users = f"{'needed' if needed else 'used'} by {count} model{'' if count == 1 else 's'}"
    found = [f"{name} is set in {_source(name)}" for name in names if around.env.get(name)]
    if found:
        return Check("key", "ok", f"{', '.join(found)}; {users}")
    text = f"{' or '.join(names)} is not set; {users}"
    if not needed:
        return Check("key", "ok", f"{text}, which can do without")
    hints = [need.hint for need in needed if need.hint]
    fix = hints[0] if hints else f"set it in the environment or in {ENV_FILE}"
    return Check("key", "note", text, fix)


def _source(name: str) -> str:
    return "the environment" if os.environ.get(name) else str(ENV_FILE)
