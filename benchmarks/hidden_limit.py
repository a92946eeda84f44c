"""A vendor with a limit that he does not tell, 7 jobs at once and 30 requests a minute: how much of it is used.

What this kit learns of an account, beside the same client that learns nothing, with 4 and with 50 runs at once. All
go on side by side, each with the real command and a vendor of its own. After some minutes Ctrl-C ends them; then the
limits are lifted and the same command finishes, so that a lost or a doubled job would show.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.common import REPOSITORY, command, make_questions, start, table
from tests.helpers import statuses
from tests.vendors import env_of, vendor
from vmevalkit_core.testing import Simulator

MODELS = f"{REPOSITORY}/tests/models/unlearned.py"
WAYS = {
    "learned, --concurrency 50": ("Learned", 50),
    "learned, --concurrency 8": ("Learned", 8),
    "fixed, 4 at once": ("Unlearned", 4),
    "fixed, 50 at once": ("Unlearned", 50),
}
REFUSED = 429


def share(begun: Sequence[float], since: float, until: float, seconds: float, jobs: int) -> float:
    """How much of the room for so many jobs of so many seconds was in use from `since` to `until`."""
    used = sum(max(0.0, min(at + seconds, until) - max(at, since)) for at in begun)
    return used / (jobs * (until - since))


def observed(way: str, args: argparse.Namespace, retry_after: str) -> tuple[Any, ...]:
    """One way against its own vendor."""
    name, concurrency = WAYS[way]
    limits = {"jobs_at_once": args.jobs, "requests_per_minute": args.requests, "retry_after": retry_after}
    tasks = int(args.jobs * (args.minutes * 60 / args.seconds + 2))
    with tempfile.TemporaryDirectory() as folder, vendor(running_seconds=args.seconds, **limits) as simulator:
        root = Path(folder)
        questions, out = make_questions(root / "questions", tasks), root / "out"
        line = command(questions, out, "--concurrency", str(concurrency), model=f"{MODELS}:{name}")
        env = os.environ | env_of(simulator) | {"PYTHONPATH": str(REPOSITORY)}
        since, until = watched(start(line, env), simulator, args.minutes * 60)
        row = figures(simulator, since, until, args)
        whole = finished(simulator, line, env, out, tasks)
    return way, retry_after, *row, whole


def watched(process: subprocess.Popen[bytes], simulator: Simulator, seconds: float) -> tuple[float, float]:
    """From the first job on for so many seconds, then Ctrl-C; the times of the beginning and of the end."""
    while not simulator.accepted():
        time.sleep(0.05)
    since = float(simulator.accepted()[0]["monotonic"])
    time.sleep(max(0.0, since + seconds - time.monotonic()))
    until = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.wait(60)
    return since, until


def figures(simulator: Simulator, since: float, until: float, args: argparse.Namespace) -> tuple[Any, ...]:
    """The share of the jobs' room in the first minute, after it and in the last two, jobs taken, requests refused."""
    begun = [float(job["monotonic"]) for job in simulator.accepted()]
    first = share(begun, since, since + 60.0, args.seconds, args.jobs)
    later = share(begun, since + 60.0, until, args.seconds, args.jobs)
    last = share(begun, until - 120.0, until, args.seconds, args.jobs)
    refused = Counter(one["phase"] for one in simulator.requests() if one["status"] == REFUSED)
    answered = sum(one["phase"] in ("submit", "poll") and one["status"] != REFUSED for one in simulator.requests())
    minutes = (until - since) / 60.0
    rates = f"{answered / minutes:.0f}", f"{refused['submit'] / minutes:.1f}", f"{refused['poll'] / minutes:.1f}"
    return f"{100 * first:.0f} %", f"{100 * later:.0f} %", f"{100 * last:.0f} %", len(begun), *rates


def finished(simulator: Simulator, line: list[str], env: dict[str, str], out: Path, tasks: int) -> str:
    """Whether every run has a clip in the end, and one job."""
    simulator.set(jobs_at_once=None, requests_per_minute=None, running_seconds=0.0)
    simulator.advance(600.0)
    at_once = [*line, "--concurrency", "200"]  # each asks first when jobs have usually ended
    code = subprocess.run(at_once, env=env, capture_output=True, check=False, timeout=300).returncode
    tokens = Counter(str(job["token"]) for job in simulator.accepted())
    whole = code == 0 and statuses(out) == ["success"] * tasks and set(tokens.values()) == {1} and len(tokens) == tasks
    return "yes" if whole else f"NO: exit {code}, {Counter(statuses(out))}, {len(tokens)} of {tasks} jobs"


def main() -> None:
    """Every way at the same time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=7, help="that the vendor takes at once")
    parser.add_argument("--requests", type=int, default=30, help="that he answers in a minute")
    parser.add_argument("--seconds", type=float, default=60.0, help="that a job takes")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--retry-after", default="none", choices=["none", "seconds", "date"], help="how he refuses")
    args = parser.parse_args()
    with ThreadPoolExecutor(len(WAYS)) as pool:
        rows = pool.map(lambda way: observed(way, args, args.retry_after), WAYS)
    head = ("way", "Retry-After", "used in minute 1", "used after it", "in the last two", "jobs", "answered a minute")
    table((*head, "submits refused a minute", "polls refused a minute", "all there once"), rows)


if __name__ == "__main__":
    main()
