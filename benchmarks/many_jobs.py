"""Thousands of jobs in flight at once against the simulated vendor, each asked about once a second (P2, P3).

Beside it, in the same run, a floor: the same calls by a bare loop over the same HTTP client, without runs, records,
checks and disk. Delays are how long after its end a job was noticed; CPU is user and system time of the client alone;
KB a job is what its memory grows by from a few jobs to all of them, its connections and threads among it, for what it
imports belongs to no job; lag is how late the loop of the command came back to a short sleep. `--poll` keeps the
vendor's limit with many jobs: 5,000 of them make 1,000 requests a second at one poll each 5 seconds.
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
from typing import NamedTuple

from benchmarks.common import REPOSITORY, command, make_questions, records, table
from tests.hostile.measure import own_peak
from tests.vendors import KEY, env_of, vendor
from vmevalkit_core.testing import Simulator

WATCHED = f"{REPOSITORY}/benchmarks/watched.py:Watched"
IMAGE = "aGVsbG8="
FEW = 10
"""Jobs whose memory counts as that of the program alone."""


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
    print(json.dumps({"seconds": seconds, "peak": own_peak()}))


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


class Measured(NamedTuple):
    """What so many jobs took."""

    name: str
    jobs: int
    wall: float
    cpu: float
    """Seconds."""
    peak: int
    """Bytes."""
    polls: int
    delays: list[float]
    """Seconds after the end of each job until it was noticed."""
    lag: str

    def row(self, few: Measured) -> list[object]:
        """One line of the table; `few`: the same with a few jobs."""
        grown = (self.peak - few.peak) / (self.jobs - few.jobs)
        cost = [
            f"{self.wall:.1f}",
            f"{1000 * self.cpu / self.jobs:.1f}",
            f"{self.peak / 1e6:.0f}",
            f"{grown / 1e3:.1f}",
        ]
        delays = [f"{statistics.fmean(self.delays):.2f}", f"{p99(self.delays):.2f}"]
        return [self.name, self.jobs, *cost, f"{self.polls / self.jobs:.1f}", *delays, self.lag]


HEADS = (
    "",
    "jobs",
    "wall s",
    "CPU ms a job",
    "peak MB",
    "KB a job",
    "polls a job",
    "mean delay s",
    "p99 delay s",
    "p99 lag ms",
)


def run_floor(simulator: Simulator, jobs: int, seconds: float, poll: float, env: dict[str, str]) -> Measured:
    """The bare loop."""
    line = [sys.executable, "-m", "benchmarks.many_jobs", "--floor", simulator.url]
    wall, cpu, said = measured([*line, "--jobs", str(jobs), "--poll", str(poll)], env)
    told = json.loads(said)
    delays = [took - seconds for took in told["seconds"]]
    return Measured("bare loop", jobs, wall, cpu, told["peak"], simulator.counts()["poll"], delays, "-")


def run_command(simulator: Simulator, root: Path, jobs: int, seconds: float, env: dict[str, str]) -> Measured:
    """The real command."""
    before = simulator.counts().get("poll", 0)
    questions = make_questions(root / "questions", jobs)
    line = command(questions, root / "out", "--concurrency", str(jobs), model=WATCHED)
    wall, cpu, _ = measured(line, env | {"WATCH_FILE": str(root / "watch.json")})
    delays = [record["provenance"]["job_seconds"] - seconds for record in records(root / "out")]
    polls = simulator.counts()["poll"] - before
    told = json.loads((root / "watch.json").read_text())
    lag = f"{1000 * p99(told['late']):.0f}"
    return Measured("vmeval run", jobs, wall, cpu, told["peak"], polls, delays, lag)


def both(jobs: int, seconds: float, poll: float) -> tuple[Measured, Measured]:
    """The bare loop and the real command, against a vendor of their own."""
    with tempfile.TemporaryDirectory() as folder, vendor(running_seconds=seconds, lean=True) as simulator:
        env = os.environ | env_of(simulator) | {"PYTHONPATH": str(REPOSITORY), "POLL_SECONDS": str(poll)}
        bare = run_floor(simulator, jobs, seconds, poll, env)
        return bare, run_command(simulator, Path(folder), jobs, seconds, env)


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
    if args.jobs <= FEW:
        parser.error(f"--jobs is above {FEW}, whose memory counts as that of the program alone")
    pairs = zip(both(args.jobs, args.seconds, args.poll), both(FEW, 1.0, 0.2), strict=True)
    table(HEADS, [many.row(few) for many, few in pairs])


if __name__ == "__main__":
    main()
