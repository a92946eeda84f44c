"""Each vendor plugin alone: its wheel and the core's in a fresh environment, listed, and one run against its simulator.

Needs `uv` and `hatchling`, and the package index of this machine for what the wheels ask for. The simulator runs in
this process's environment, so that the fresh one holds nothing but what a user has.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.common import REPOSITORY, records, table
from benchmarks.houses import HOUSES, House, bare

LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".nox", "data", "__pycache__", ".*_cache", "*.egg-info")


def shown(command: list[str], **settings: Any) -> str:
    """What a command prints; it is shown itself, and has to succeed."""
    print("    " + " ".join(Path(part).name if part.startswith("/") else part for part in command), flush=True)
    done = subprocess.run(command, capture_output=True, text=True, check=False, **settings)
    if done.returncode:
        raise SystemExit(f"it ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done.stdout


def wheel(project: Path, into: Path) -> Path:
    """The wheel of a project."""
    shown([sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(into), str(project)])
    return max(into.glob("*.whl"), key=os.path.getmtime)


def alone(house: House, core: Path, root: Path, uv: str) -> tuple[object, ...]:
    """What one plugin does in an environment of its own."""
    begun, venv = time.monotonic(), root / f"venv-{house.name}"
    own = wheel(root / "checkout" / "plugins" / f"vmevalkit-{house.name}", root / "dist")
    shown([uv, "venv", "-q", "--python", sys.executable, str(venv)])
    shown([uv, "pip", "install", "-q", "--python", str(venv / "bin" / "python"), str(core), str(own)])
    vmeval, folder = str(venv / "bin" / "vmeval"), root / house.name
    folder.mkdir()
    listed = json.loads(shown([vmeval, "models", "list", "--json"], cwd=folder, env=bare({})))
    names = [one["name"] for one in listed["models"]] if isinstance(listed, dict) else [one["name"] for one in listed]
    others = [name for name in names if not name.startswith("baseline-")]
    with house.open(running_seconds=0.1) as simulator:
        line = [vmeval, "run", "-m", house.model, "--domain", "maze", "--limit", "1", "--yes", "--allow-gone"]
        shown(line, cwd=folder, env=bare(house.env(simulator.url, folder)))
        taken, billed = len(simulator.accepted()), simulator.billed()
    (record,) = records(folder / "data" / "outputs")
    plugin, end = record["provenance"]["plugin"]["distribution"], record["inference"]["status"]
    packages = len(list((venv / "lib").glob("python*/site-packages/*.dist-info")))
    seconds = f"{time.monotonic() - begun:.0f}"
    return own.name, packages, len(others), house.model, end, taken, f"{billed:.2f}", plugin, seconds


def main() -> None:
    """Build, install, list, run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="VENDOR", help="such as runway; all of them where none is named")
    args = parser.parse_args()
    chosen = [house for house in HOUSES if house.name != "plain" and house.name in (args.names or [house.name])]
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        shutil.copytree(REPOSITORY, root / "checkout", ignore=LEFT_OUT)
        core = wheel(root / "checkout", root / "dist")
        rows = [alone(house, core, root, uv) for house in chosen]
    print()
    head = ("wheel", "packages", "models", "model run", "end", "jobs", "billed USD", "recorded plugin", "s")
    table(head, rows)


if __name__ == "__main__":
    main()
