"""Configurations that were damaged by chance, for the tests and for the long run in benchmarks."""

from __future__ import annotations

import random

from tests.helpers import REPOSITORY

FULL = """\
questions: data/questions
models:
  - baseline-hold: {seconds: 1.5, fps: 4}
  - baseline-oracle
  - ./acme.py:Acme:
      aspect-ratio: "16:9"
      sizes: [1, 2]
experiment: pilot
output: out
domains: [maze, 'no']
tasks: [maze_0001, 12]
limit: 3
samples: 2
seed: -7
options:
  fps: 8
  loop: true
concurrency: 4
retry_failed: true
keep_changed: false
with: [cache]
allow_gone: false
verify: true
unfit: true
"""
SHORT = "models: {baseline-hold: {seconds: 3}, baseline-oracle: null}\nlimit: 1\n"
DEMO = (REPOSITORY / "configs" / "demo.yaml").read_text()
VALID = (FULL, SHORT, DEMO)

PIECES = (
    *(": ", "\n", "  ", "\t", "- ", "[", "]", "{", "}", ", ", "'", '"', "|\n", ">\n", "#", "---\n", "...\n", "? ", "%"),
    *("&a ", "*a", "<<: *a", "!!int ", "!!python/object:os.system ", "!<x> ", "%YAML 9.9\n", "%TAG ! x\n", "@", "`"),
    *("null", "~", "true", "no", "yes", "1_000", "12:30", "0x1F", "0o17", "1e400", ".inf", ".nan", "-0", "2026-01-02"),
    *("9" * 30, "9" * 5000, "three", "-1", "0", "1.5", "[" * 40, "{a: " * 40, "- " * 40, '"\\UFFFFFFFF"', '"\\ud800"'),
    *("\x00", "\x1b[31m", "\x85", "\u2028", "\ufeff", "é", "\U0001f600", "x" * 3000),
    *("limit", "models", "with", "yes: true\n", "options:\n", "questions: ~/x\n", "model: x\n", "limit: three\n"),
)


def mutated(seed: int) -> bytes:
    """A valid configuration after one to six accidents; the same for the same seed."""
    chance = random.Random(seed)
    text = chance.choice(VALID)
    for _ in range(chance.randint(1, 6)):
        text = _changed(text, chance)
    data = bytearray(text.encode("utf-8", "surrogatepass"))
    if chance.random() < 0.1 and data:
        data[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(data)


def _changed(text: str, chance: random.Random) -> str:
    start = chance.randint(0, len(text))
    end = min(len(text), start + chance.choice((0, 1, 3, 20)))
    lines = text.splitlines(keepends=True) or [""]
    line = chance.choice(lines)
    return chance.choice(
        (
            text[:start] + chance.choice(PIECES) + text[end:],
            text[:start] + text[end:],
            text[:start] + text[start:end] * 2 + text[end:],
            text.replace(line, "", 1),
            text.replace(line, line + line, 1),
            text.replace(line, " " * chance.randint(0, 4) + line.lstrip(), 1),
            text.replace(line, f"{line.partition(':')[0]}: {chance.choice(PIECES)}\n", 1),
            "".join(chance.sample(lines, len(lines))),
        )
    )
