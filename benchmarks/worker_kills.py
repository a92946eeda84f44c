"""`kill -9` at random instants of plans of local runs: of the worker, and of the command itself.

After a killed worker the command has to finish by itself; after a killed command no process of it may be left, and the
same command again has to finish what is left. Each run is to be done once, each clip whole.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from benchmarks.common import REPOSITORY, make_questions, records, start, table
from tests.processes import survivors, workers_of
from vmevalkit_core.audit import validate

MODEL = f"{REPOSITORY}/tests/models/wild.py:Held"


class Tally(NamedTuple):
    """What was counted after one kill."""

    hit: bool
    lost: int
    twice: int
    broken: int
    orphans: int
    retried: int


def command(questions: Path, output: Path, model: str, options: list[str]) -> list[str]:
    """`vmeval run` with a model in a worker."""
    more = [part for option in options for part in ("-p", option)]
    base = [sys.executable, "-m", "vmevalkit_core", "run", str(questions), "-m", model, "-o", str(output), "--json"]
    return [*base, *more]


def environment(folder: Path) -> dict[str, str]:
    """A command's, with devices of its own."""
    own = {"PYTHONPATH": str(REPOSITORY), "VMEVAL_RUNTIME_DIR": str(folder / "runtime"), "CUDA_VISIBLE_DEVICES": ""}
    return os.environ | own


def wait_for_worker(process: subprocess.Popen[bytes]) -> None:
    """Until a command has started its worker, or has ended without."""
    while process.poll() is None and not workers_of(process.pid):
        time.sleep(0.005)


def kill_worker(process: subprocess.Popen[bytes]) -> bool:
    """Kill the worker of a command; the command goes on."""
    for pid in workers_of(process.pid):
        os.kill(pid, signal.SIGKILL)
        return True
    return False


def kill_command(process: subprocess.Popen[bytes]) -> bool:
    """Kill a command; its worker has to notice by itself."""
    if process.poll() is not None:
        return False
    process.kill()
    process.wait()
    return True


def one_kill(
    folder: Path, line: list[str], runs: int, instant: float, kill: Callable[[subprocess.Popen[bytes]], bool]
) -> Tally:
    """One plan, one kill, and what a person would count afterwards."""
    env = environment(folder)
    process = start(line, env)
    # Half of the commands are killed at any instant of their life, the others while there is a worker.
    if kill is kill_worker or random.random() < 0.5:
        wait_for_worker(process)
    time.sleep(instant)
    hit = kill(process)
    process.wait()
    orphans = survivors(process.pid)
    if kill is kill_command:
        subprocess.run(line, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    found = records(folder / "out")
    by_task = Counter(record["input"]["question_id"] for record in found)
    done = sum(record["inference"]["status"] == "success" for record in found)
    retried = sum(bool(record["provenance"]["extras"].get("lost_workers")) for record in found)
    twice = sum(number > 1 for number in by_task.values())
    return Tally(hit, runs - done, twice, len(validate(folder / "out").findings), orphans, retried)


def series(kind: str, kill: Callable[[subprocess.Popen[bytes]], bool], args: argparse.Namespace) -> tuple[object, ...]:
    """A row of the table: so many plans with one kill each, at instants spread over the whole of a plan."""
    chance, begun, tallies = random.Random(args.seed), time.monotonic(), []
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        questions = make_questions(root / "questions", args.runs)
        calm = command(questions, root / "calm" / "out", args.model, args.options)
        process = start(calm, environment(root / "calm"))
        wait_for_worker(process)
        whole = time.monotonic()
        process.wait()
        whole = time.monotonic() - whole
        while sum(one.hit for one in tallies) < args.kills:
            folder = root / f"kill_{len(tallies)}"
            line = command(questions, folder / "out", args.model, args.options)
            tallies.append(one_kill(folder, line, args.runs, chance.uniform(0.0, whole), kill))
    hits = sum(one.hit for one in tallies)
    sums = [sum(getattr(one, name) for one in tallies) for name in ("lost", "twice", "broken", "orphans", "retried")]
    return kind, hits, len(tallies), len(tallies) * args.runs, *sums, f"{time.monotonic() - begun:.0f}"


def main() -> None:
    """Kill, resume, count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="of each kind")
    parser.add_argument("--runs", type=int, default=10, help="in each plan")
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("-p", dest="options", action="append", default=["seconds=20"], metavar="KEY=VALUE")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    args = parser.parse_args()
    print(f"seed {args.seed}")
    head = ("killed", "kills", "plans", "runs", "not done", "done twice", "findings", "orphans", "retried", "s")
    table(head, [series("worker", kill_worker, args), series("command", kill_command, args)])


if __name__ == "__main__":
    main()
