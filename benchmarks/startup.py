"""What it costs to start the command, as multiples of a bare interpreter measured in the same loop."""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.common import table

PYTHON = (sys.executable, "-m", "vmevalkit_core")
CASES = {
    "python -c pass": (sys.executable, "-c", "pass"),
    "vmeval --version": (*PYTHON, "--version"),
    "vmeval models list": (*PYTHON, "models", "list"),
    "vmeval --help": (*PYTHON, "--help"),
}
PLUGIN = """
from vmevalkit_core import ModelSpec, hookimpl

@hookimpl
def vmeval_models():
    yield ModelSpec(name="thin-{number}", factory="thin_{number}:Model", description="One of many.")
"""


def seconds(command: Sequence[str], env: dict[str, str] | None = None) -> float:
    """Wall time of one start."""
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=env)
    return time.perf_counter() - begun


def make_plugins(root: Path, number: int) -> None:
    """Installed distributions, as files: a thin module and its entry point."""
    for index in range(number):
        (root / f"thin_{index}.py").write_text(PLUGIN.format(number=index))
        facts = root / f"thin_{index}-1.0.dist-info"
        facts.mkdir()
        (facts / "entry_points.txt").write_text(f"[vmevalkit]\nthin{index} = thin_{index}\n")
        needs = "Requires-Dist: vmevalkit-core<1,>=0.1\n"
        (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: thin-{index}\nVersion: 1.0\n{needs}")


def main() -> None:
    """Medians of one loop over all cases, so that a slow moment hits each of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=25)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        make_plugins(Path(folder), 30)
        more = {"PYTHONPATH": folder, "PATH": "/usr/bin:/bin"}
        times: dict[str, list[float]] = {name: [] for name in (*CASES, "models list, 30 more plugins")}
        for _ in range(rounds + 1):
            for name, case in CASES.items():
                times[name].append(seconds(case))
            times["models list, 30 more plugins"].append(seconds(CASES["vmeval models list"], more))
    medians = {name: statistics.median(values[1:]) for name, values in times.items()}
    bare = medians["python -c pass"]
    table(("command", "ms", "bare starts"), [(n, f"{1000 * t:.0f}", f"{t / bare:.1f}") for n, t in medians.items()])


if __name__ == "__main__":
    main()
