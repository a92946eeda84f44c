"""Thousands of jobs in flight at once against the simulated vendor, each asked about once a second (P2, P3).

Beside it, in the same run, a floor: the same calls by a bare loop over the same HTTP client, without runs, records,
checks and disk. Delays are how long after its end a job was noticed; CPU is user and system time of the client alone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.common import REPOSITORY, command, make_questions, records, table
from tests.vendors import KEY, MODELS, env_of, vendor
from vmevalkit_core.testing import Simulator

STEADY = f"{MODELS}:Steady"
IMAGE = "aGVsbG8="


async def bare_job(http: object, url: str, folder: Path, number: int) -> float:
    """Submit, ask once a second, fetch; the seconds it took."""
    from vmevalkit_core.transport import Http

    assert isinstance(http, Http)
    headers, begun = {"Authorization": f"Bearer {KEY}"}, time.monotonic()
    body = {"prompt": "p", "image": IMAGE, "token": f"floor-{number}", "seconds": 5}
    job = (await http.call("POST", f"{url}/v1/jobs", headers=headers, json=body)).json()["id"]
    while True:
        await asyncio.sleep(1.0)
        state = (await http.call("GET", f"{url}/v1/jobs/{job}", headers=headers)).json()
        if state["status"] == "succeeded":
            break
    seconds = time.monotonic() - begun
    await http.download(state["video_url"], folder / f"{number}.mp4", trusted=[url])
    return seconds


def floor(url: str, jobs: int) -> None:
    """All of them in one loop; prints what they took as JSON."""
    from vmevalkit_core.transport import Http

    async def main(folder: Path) -> list[float]:
        http = Http()
        found = await asyncio.gather(*(bare_job(http, url, folder, number) for number in range(jobs)))
        await http.close()
        return list(found)

    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(asyncio.run(main(Path(folder)))))


def measured(line: list[str], env: dict[str, str]) -> tuple[float, float, float, bytes]:
    """Wall seconds, CPU seconds and peak MB of a command, and what it said."""
    begun = time.monotonic()
    with subprocess.Popen(line, env=env, stdout=subprocess.PIPE) as process:
        assert process.stdout
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(line[:4])} ... exited with {process.returncode}: {said[-2000:]!r}")
    return time.monotonic() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, said


def row(name: str, jobs: int, figures: tuple[float, float, float], delays: list[float], polls: int) -> list[object]:
    """One line of the table."""
    wall, cpu, peak = figures
    ordered = sorted(delays)
    p99 = ordered[int(0.99 * (len(ordered) - 1))]
    cost = [f"{wall:.1f}", f"{1000 * cpu / jobs:.1f}", f"{peak:.0f}", f"{polls / jobs:.1f}"]
    return [name, jobs, *cost, f"{statistics.fmean(ordered):.2f}", f"{p99:.2f}"]


def run_floor(simulator: Simulator, jobs: int, seconds: float, env: dict[str, str]) -> list[object]:
    """The bare loop."""
    line = [sys.executable, "-m", "benchmarks.many_jobs", "--floor", simulator.url, "--jobs", str(jobs)]
    wall, cpu, peak, said = measured(line, env)
    delays = [took - seconds for took in json.loads(said)]
    return row("bare loop", jobs, (wall, cpu, peak), delays, simulator.counts()["poll"])


def run_command(simulator: Simulator, root: Path, jobs: int, seconds: float, env: dict[str, str]) -> list[object]:
    """The real command."""
    before = simulator.counts().get("poll", 0)
    questions = make_questions(root / "questions", jobs)
    line = command(questions, root / "out", "--concurrency", str(jobs), model=STEADY)
    wall, cpu, peak, _ = measured(line, env)
    took = [record["provenance"]["job_seconds"] for record in records(root / "out")]
    polls = simulator.counts()["poll"] - before
    return row("vmeval run", jobs, (wall, cpu, peak), [one - seconds for one in took], polls)


def main() -> None:
    """1,000 jobs of 30 s."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--floor", metavar="URL", help="only the bare loop, against this vendor")
    args = parser.parse_args()
    if args.floor:
        floor(args.floor, args.jobs)
        return
    rows = []
    with tempfile.TemporaryDirectory() as folder, vendor(running_seconds=args.seconds, lean=True) as simulator:
        env = os.environ | env_of(simulator) | {"PYTHONPATH": str(REPOSITORY)}
        rows.append(run_floor(simulator, args.jobs, args.seconds, env))
        rows.append(run_command(simulator, Path(folder), args.jobs, args.seconds, env))
    table(("", "jobs", "wall s", "CPU ms a job", "peak MB", "polls a job", "mean delay s", "p99 delay s"), rows)


if __name__ == "__main__":
    main()
