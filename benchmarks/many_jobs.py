"""Thousands of jobs in flight at once against the simulated vendor, each asked about once a second (P2, P3).

Beside it, in the same run, a floor: the same calls by a bare loop over the same HTTP client, without runs, records,
checks and disk. Delays are how long after its end a job was noticed; CPU is user and system time of the client alone;
KB a job is what its memory grows by from a few jobs to all of them, for what it imports belongs to no job; lag is how
late the loop of the command came back to a short sleep. `--poll` keeps the vendor's limit with many jobs: 5,000 of them
make 1,000 requests a second at one poll each 5 seconds.
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
from typing import Any

from benchmarks.common import REPOSITORY, command, make_questions, records, table
from benchmarks.watched import peak_mb
from tests.vendors import KEY, env_of, vendor
from vmevalkit_core.testing import Simulator

WATCHED = f"{REPOSITORY}/benchmarks/watched.py:Watched"
IMAGE = "aGVsbG8="
FEW, PEAK = 10, 4
"""Jobs whose memory counts as that of the program alone; the column of the peak."""


async def bare_job(http: object, url: str, folder: Path, number: int, poll: float) -> float:
    """Submit, ask again and again, fetch; the seconds it took."""
    from vmevalkit_core.transport import Http

    assert isinstance(http, Http)
    headers, begun = {"Authorization": f"Bearer {KEY}"}, time.monotonic()
    body = {"prompt": "p", "image": IMAGE, "token": f"floor-{number}", "seconds": 5}
    job = (await http.call("POST", f"{url}/v1/jobs", headers=headers, json=body)).json()["id"]
    while True:
        await asyncio.sleep(poll)
        state = (await http.call("GET", f"{url}/v1/jobs/{job}", headers=headers)).json()
        if state["status"] == "succeeded":
            break
    seconds = time.monotonic() - begun
    await http.download(state["video_url"], folder / f"{number}.mp4", trusted=[url])
    return seconds


def floor(url: str, jobs: int, poll: float) -> None:
    """All of them in one loop; prints what they took, and how much memory, as JSON."""
    from vmevalkit_core.transport import Http

    async def main(folder: Path) -> list[float]:
        http = Http()
        found = await asyncio.gather(*(bare_job(http, url, folder, number, poll) for number in range(jobs)))
        await http.close()
        return list(found)

    with tempfile.TemporaryDirectory() as folder:
        seconds = asyncio.run(main(Path(folder)))
    print(json.dumps({"seconds": seconds, "peak_mb": peak_mb()}))


def measured(line: list[str], env: dict[str, str]) -> tuple[float, float, bytes]:
    """Wall seconds and CPU seconds of a command, and what it said."""
    begun = time.monotonic()
    with subprocess.Popen(line, env=env, stdout=subprocess.PIPE) as process:
        assert process.stdout
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(line[:4])} ... exited with {process.returncode}: {said[-2000:]!r}")
    return time.monotonic() - begun, used.ru_utime + used.ru_stime, said


def p99(figures: list[float]) -> float:
    """What one in a hundred is above."""
    return sorted(figures)[int(0.99 * (len(figures) - 1))]


def row(name: str, jobs: int, figures: tuple[float, float, float], delays: list[float], polls: int) -> list[Any]:
    """One line of the table, but for the lag and the memory of a job."""
    wall, cpu, peak = figures
    cost = [f"{wall:.1f}", f"{1000 * cpu / jobs:.1f}", peak, f"{polls / jobs:.1f}"]
    return [name, jobs, *cost, f"{statistics.fmean(delays):.2f}", f"{p99(delays):.2f}"]


def run_floor(simulator: Simulator, jobs: int, seconds: float, poll: float, env: dict[str, str]) -> list[Any]:
    """The bare loop."""
    line = [sys.executable, "-m", "benchmarks.many_jobs", "--floor", simulator.url]
    wall, cpu, said = measured([*line, "--jobs", str(jobs), "--poll", str(poll)], env)
    told = json.loads(said)
    delays, figures = [took - seconds for took in told["seconds"]], (wall, cpu, told["peak_mb"])
    return [*row("bare loop", jobs, figures, delays, simulator.counts()["poll"]), "-"]


def run_command(simulator: Simulator, root: Path, jobs: int, seconds: float, env: dict[str, str]) -> list[Any]:
    """The real command."""
    before = simulator.counts().get("poll", 0)
    questions = make_questions(root / "questions", jobs)
    line = command(questions, root / "out", "--concurrency", str(jobs), model=WATCHED)
    wall, cpu, _ = measured(line, env | {"WATCH_FILE": str(root / "watch.json")})
    took = [record["provenance"]["job_seconds"] for record in records(root / "out")]
    polls = simulator.counts()["poll"] - before
    told = json.loads((root / "watch.json").read_text())
    found = row("vmeval run", jobs, (wall, cpu, told["peak_mb"]), [one - seconds for one in took], polls)
    return [*found, f"{1000 * p99(told['late']):.0f}"]


def both(jobs: int, seconds: float, poll: float) -> list[list[Any]]:
    """The bare loop and the real command, against a vendor of their own."""
    with tempfile.TemporaryDirectory() as folder, vendor(running_seconds=seconds, lean=True) as simulator:
        env = os.environ | env_of(simulator) | {"PYTHONPATH": str(REPOSITORY), "POLL_SECONDS": str(poll)}
        floor = run_floor(simulator, jobs, seconds, poll, env)
        return [floor, run_command(simulator, Path(folder), jobs, seconds, env)]


def main() -> None:
    """1,000 jobs of 30 s."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--poll", type=float, default=1.0, help="seconds between two polls of a job")
    parser.add_argument("--floor", metavar="URL", help="only the bare loop, against this vendor")
    args = parser.parse_args()
    if args.floor:
        floor(args.floor, args.jobs, args.poll)
        return
    rows = both(args.jobs, args.seconds, args.poll)
    for one, few in zip(rows, both(FEW, 1.0, 0.2), strict=True):
        one.append(f"{1024 * (one[PEAK] - few[PEAK]) / (args.jobs - FEW):.1f}")
        one[PEAK] = f"{one[PEAK]:.0f}"
    heads = ("", "jobs", "wall s", "CPU ms a job", "peak MB", "polls a job", "mean delay s", "p99 delay s")
    table((*heads, "p99 lag ms", "KB a job"), rows)


if __name__ == "__main__":
    main()
