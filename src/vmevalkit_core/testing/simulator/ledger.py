"""What the vendor accepted and billed: one line of JSON each, appended, never changed."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

NAME = "ledger.jsonl"


class Ledger:
    """The lines of one folder's ledger, written with one system call each, so that none is ever half there."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / NAME
        self.lines = read(folder)
        self.billed = billed(self.lines)
        self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def write(self, event: str, job: str, **facts: Any) -> dict[str, Any]:
        """Append what happened to a job."""
        line = {"event": event, "id": job} | facts
        os.write(self._file, json.dumps(line, default=str).encode() + b"\n")
        self.lines.append(line)
        self.billed += billed([line])
        return line

    def remove(self) -> None:
        """Close the file and take it away."""
        os.close(self._file)
        self.path.unlink()


def read(folder: Path) -> list[dict[str, Any]]:
    """Every line of a folder's ledger."""
    path = folder / NAME
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def billed(lines: list[dict[str, Any]]) -> Decimal:
    """What was billed, less what was given back."""
    taken = sum((Decimal(line["price"]) for line in lines if line["event"] == "accepted"), Decimal(0))
    return taken - sum((Decimal(line["refund"]) for line in lines if line["event"] == "ended"), Decimal(0))
