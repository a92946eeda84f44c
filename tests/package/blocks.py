"""The fenced blocks of a page, each with the mark above it that says what a test does with it.

`<!-- check: NAME -->` runs it, `<!-- check: NAME exit 2 -->` expects that exit code, `<!-- check: file PATH -->`
writes it for later blocks (a title names it for readers). Text, JSON and console output need no mark; all else does.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

FENCE = re.compile(
    r"(?:^<!-- (?P<mark>[^>]+?) -->\n)?^```(?P<language>\w*)(?P<info>[^\n]*)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
NEED_NO_MARK = {"text", "json", "console"}


class Block(NamedTuple):
    """One fenced block."""

    page: str
    mark: str
    language: str
    info: str
    """What stands behind the language, such as `title="zoom.py"`."""
    text: str

    @property
    def is_left_alone(self) -> bool:
        """Whether it is of a kind that cannot be run."""
        return not self.mark and self.language in NEED_NO_MARK

    @property
    def file(self) -> str:
        """Where it is written; empty when it is run."""
        return self.mark.removeprefix("check: file ") if self.mark.startswith("check: file ") else ""

    @property
    def exit_code(self) -> int:
        """The exit code that it ends with."""
        found = re.search(r" exit (\d+)$", self.mark)
        return int(found[1]) if found else 0

    @property
    def problem(self) -> str:
        """Why no test can tell whether it works; empty when one can."""
        if self.file and f'title="{self.file}"' not in self.info:
            return f"{self.page}: no reader sees that a block is the file {self.file}; give it a title"
        if self.is_left_alone or self.file or (self.mark.startswith("check: ") and self.language in RUNNERS):
            return ""
        return f"{self.page}: a {self.language or 'bare'} block is not marked:\n{self.text}"


RUNNERS = {"bash": ("bash", "-ec"), "python": ("python", "-W", "error", "-c")}


def blocks_of(page: Path) -> Iterator[Block]:
    """The blocks of a page from top to bottom."""
    for found in FENCE.finditer(page.read_text("utf-8")):
        yield Block(page.name, found["mark"] or "", found["language"], found["info"], found["text"])


def carry_out(block: Block, folder: Path, env: dict[str, str]) -> None:
    """Write or run a block in a folder; AssertionError shows what it printed."""
    if block.is_left_alone:
        return
    if block.file:
        path = folder / block.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, "utf-8")
        return
    command = [*RUNNERS[block.language], block.text]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == block.exit_code, f"{block.page}\n{block.text}\n{done.stdout}\n{done.stderr}"
