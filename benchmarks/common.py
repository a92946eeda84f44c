"""What the programs share: many task pairs, the command, the ledger, a table."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tests.helpers import BLIND_LEDGER, LEDGER, REPOSITORY, make_task, records

__all__ = [
    "BLIND_LEDGER",
    "LEDGER",
    "REPOSITORY",
    "command",
    "environment",
    "ledger",
    "make_questions",
    "records",
    "table",
]


def make_questions(root: Path, number: int) -> Path:
    """A folder of task pairs in one domain."""
    for index in range(number):
        make_task(root, "maze", f"maze_{index:05}")
    return root


def environment(ledger_folder: Path) -> dict[str, str]:
    """What a command of ours runs with."""
    ledger_folder.mkdir(parents=True, exist_ok=True)
    return os.environ | {"LEDGER_DIR": str(ledger_folder), "PYTHONPATH": str(REPOSITORY)}


def command(questions: Path, output: Path, *more: str, model: str = LEDGER) -> list[str]:
    """`vmeval run` with a paid model."""
    return [
        *(sys.executable, "-m", "vmevalkit_core", "run", str(questions), "-m", model),
        *("-o", str(output), "--yes", "--json", *more),
    ]


def start(args: Sequence[str], env: dict[str, str]) -> subprocess.Popen[bytes]:
    """A command in the background, silent."""
    return subprocess.Popen(args, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def ledger(folder: Path) -> Counter[str]:
    """How often each of our tokens was accepted."""
    lines = (folder / "ledger.jsonl").read_text().splitlines()
    return Counter(json.loads(line)["token"] for line in lines)


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a Markdown table."""
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |")
