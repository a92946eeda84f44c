"""One experiment with models of six vendors, each vendor a simulator of its own dialect, reached by his variable only.

Five samples of each question and model, up to 64 runs at once for each account, 5 % of all answers faulty, and the
command killed by SIGKILL three times and started again. Then a person's part: runs that stayed `uncertain`, because a
vendor who lists no jobs lost an answer, are looked up in the vendor's own books and adopted; those that are not in the
books are sent again. In the end each run has one job and each job one run. The sum that `vmeval status` tells is what
the vendors billed and the price of what was sent again, since it stays at most what was risked. Faults that make a
client wait for its time-out are left out: they take long and add nothing to what `faults.py` shows.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.common import REPOSITORY, records, start, table
from benchmarks.houses import HOUSES, House, bare
from vmevalkit_core.audit import validate
from vmevalkit_core.testing import Simulator

SAMPLES = REPOSITORY / "src" / "vmevalkit_core" / "samples"
ASKED = ("rate-seconds", "unavailable-seconds", "page-502", "cut", "reset-body", "html", "malformed", "empty")
FAULTS = {
    "submit": (
        *("rate-seconds", "unavailable-seconds", "closed", "reset", "page-502"),
        *("lost-closed", "lost-reset", "lost-500", "lost-502", "cut", "html", "malformed"),
    ),
    "poll": (*ASKED, "odd-state"),
    "find": ASKED,
    "upload": ("unavailable-seconds", "page-502", "cut", "reset-body"),
    "download": ("cut", "half-file", "reset-body", "html", "page-502", "expired", "empty"),
}
"""What may happen to an answer, by what was asked."""
KILLS = (0.15, 0.4, 0.65)
"""The shares of the runs at whose acceptance the command is killed, roughly."""


@dataclass(slots=True)
class Study:
    """The experiment, its vendors, and the command."""

    root: Path
    vendors: dict[House, Simulator]
    env: dict[str, str]
    concurrency: int
    samples: int

    @property
    def output(self) -> Path:
        """Where the runs are."""
        return self.root / "out"

    def line(self, *more: str) -> list[str]:
        """`vmeval run` with all six models."""
        models = [part for house in HOUSES for part in ("-m", house.model)]
        given = ["--samples", str(self.samples), "--concurrency", str(self.concurrency), "--yes", "--allow-gone"]
        line = [sys.executable, "-m", "vmevalkit_core", "run", str(self.root / "questions"), *models, *given]
        return [*line, "-e", "mixed", "-o", str(self.output), "--json", *more]

    def run(self, *more: str) -> int:
        """The exit code of a command that nobody disturbs."""
        with (self.root / "command.log").open("ab") as log:
            return subprocess.run(self.line(*more), env=self.env, stdout=log, stderr=log, check=False).returncode

    def accepted(self) -> dict[House, list[dict[str, Any]]]:
        """The jobs that each vendor took."""
        return {house: simulator.accepted() for house, simulator in self.vendors.items()}

    def records(self, house: House) -> list[dict[str, Any]]:
        """The records of a vendor's model."""
        return [one for one in records(self.output) if one["inference"]["model"] == house.listed]

    def told(self) -> Decimal:
        """What `vmeval status` says that all runs cost."""
        line = [sys.executable, "-m", "vmevalkit_core", "status", str(self.output), "--json"]
        done = subprocess.run(line, env=self.env, capture_output=True, text=True, check=False)
        return Decimal(json.loads(done.stdout)["at_most"])


def faults(share: float, seed: str) -> list[dict[str, Any]]:
    """A script under which that share of all answers of each kind is faulty."""
    return [
        {"phase": phase, "fault": fault, "probability": share / len(names), "seed": f"{seed}/{phase}/{fault}"}
        for phase, names in FAULTS.items()
        for fault in names
    ]


def killed(study: Study, jobs: int, chance: random.Random) -> int:
    """Start the command, and kill it when the vendors have taken so many jobs; how many they had."""
    process = start(study.line(), study.env)
    books = [simulator.folder / "ledger.jsonl" for simulator in study.vendors.values()]
    while process.poll() is None and sum(book.read_bytes().count(b'"accepted"') for book in books) < jobs:
        time.sleep(0.02)
    time.sleep(chance.uniform(0.0, 1.0))
    process.kill()
    process.wait()
    return sum(map(len, study.accepted().values()))


def orphans(study: Study, house: House) -> list[dict[str, Any]]:
    """The jobs in a vendor's books that no record knows."""
    known = {job_of(one) for one in study.records(house)}
    return [job for job in study.vendors[house].accepted() if job["id"] not in known]


def looked_up(study: Study) -> tuple[dict[str, str], int]:
    """The person's part: run id to job id, for each uncertain run whose job stands in the books; how many others."""
    found: dict[str, str] = {}
    without = 0
    for house in HOUSES:
        requests = {one["job"]: json.dumps(one["body"]) for one in study.vendors[house].requests("submit")}
        left = orphans(study, house)
        succeeded = {key_of(one) for one in study.records(house) if one["inference"]["status"] == "success"}
        for one in study.records(house):
            if one["inference"]["status"] != "uncertain" or key_of(one) in succeeded:
                continue
            job = min(
                (job for job in left if asked_alike(one, requests.get(job["id"], ""))), key=since(one), default=None
            )
            if job is None:
                without += 1
            else:
                left.remove(job)
                found[one["inference"]["run_id"]] = job["id"]
    return found, without


def job_of(record: dict[str, Any]) -> str:
    """The vendor's job of an attempt; Google's ids are paths, of which the books keep the end."""
    return str(record["output"]["generation_id"] or "").rpartition("/")[2]


def key_of(record: dict[str, Any]) -> tuple[str, str, int]:
    """Which run of its model a record is an attempt at."""
    asked = record["input"]
    return asked["task_category"], asked["question_id"], record["inference"]["sample"]


def asked_alike(record: dict[str, Any], body: str) -> bool:
    """Whether a request has the prompt of a run, as far as the books keep it, and its seed where it has one."""
    prompt = json.dumps(record["input"]["prompt"])[1:40]
    seed = record["provenance"]["seed"]
    return prompt in body and (seed is None or f'"seed": {seed}' in body)


def since(record: dict[str, Any]) -> Any:
    """How long after a run's intent a job was taken."""
    sent = datetime.fromisoformat(record["provenance"]["intent"]["time"]).timestamp()
    return lambda job: abs(job["time"] - sent)


def row(study: Study, house: House) -> tuple[Any, ...]:
    """What a person would count about one vendor."""
    simulator, found = study.vendors[house], study.records(house)
    jobs = Counter(job for one in found if (job := job_of(one)))
    good = {key_of(one) for one in found if one["inference"]["status"] == "success"}
    again = [one for one in found if one["inference"]["status"] == "uncertain"]
    state = simulator.state()
    struck = sum(rule["struck"] for rule in state["script"])
    answers = sum(number for phase, number in state["requests"].items() if phase in FAULTS)
    twice = sum(number > 1 for number in jobs.values()) + len(orphans(study, house))
    return (
        *(house.listed, len({key_of(one) for one in found}), state["requests"]["submit"], len(simulator.accepted())),
        *(len(good), twice, len(found) - len(good), f"{struck} of {answers} ({struck / answers:.1%})"),
        *(simulator.billed(), cost(found), cost(again)),
    )


def cost(found: list[dict[str, Any]]) -> Decimal:
    """What was charged by these records, or told beforehand where the vendor did not say."""
    costs = (one["provenance"]["cost"] for one in found)
    return sum((Decimal(one["charged"] or one["estimated"] or 0) for one in costs), Decimal(0))


def carried_out(study: Study, runs: int, seed: int) -> None:
    """Three kills, commands until nothing changes, and the person's part."""
    chance, begun = random.Random(seed), time.monotonic()
    for share in KILLS:
        print(f"killed after {killed(study, int(runs * share), chance)} of {runs} jobs were taken")
    codes = [study.run()]
    while codes[-1] and len(codes) < 4:
        codes.append(study.run())
    adopted, without = looked_up(study)
    uncertain = len(adopted) + without
    billed = sum((simulator.billed() for simulator in study.vendors.values()), Decimal(0))
    print(f"commands ended with {codes}; {uncertain} runs uncertain: {len(adopted)} in the books, {without} not")
    print(f"until then {billed:.2f} USD billed, {study.told():.2f} at most by `vmeval status`")
    for _ in range(3):  # an answer to what is sent again may be lost, too
        if not uncertain:
            break
        study.run(*(part for pair in adopted.items() for part in ("--adopt", "=".join(pair))))
        study.run("--resubmit-uncertain")
        study.run()
        adopted, without = looked_up(study)
        print(f"adopted and sent again; {len(adopted) + without} runs uncertain now")
        uncertain = len(adopted) + without
    print(f"{time.monotonic() - begun:.0f} s")


def judged(study: Study) -> bool:
    """The table, the sums, and whether all of it is as promised."""
    rows = [row(study, house) for house in HOUSES]
    head = ("model", "runs", "POSTs", "jobs taken", "success", "lost or paid twice", "sent again", "faulty answers")
    table((*head, "billed USD", "on record USD", "sent again USD"), rows)
    billed, told, again = (sum((one[at] for one in rows), Decimal(0)) for at in (8, 9, 10))
    status, findings = study.told(), validate(study.output).findings
    print(
        f"\nbilled {billed:.2f} + sent again {again:.2f} = {billed + again:.2f} USD; `vmeval status` tells {status:.2f}"
    )
    print(f"`vmeval validate` finds {len(findings)} faults")
    right = all(one[1] == one[3] == one[4] and one[5] == 0 for one in rows)
    return right and billed + again == told == status and not findings


def main() -> int:
    """Run, kill, resume, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=Path, default=SAMPLES, help="a folder of task pairs; it is copied")
    parser.add_argument("--samples", type=int, default=5)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--faulty", type=float, default=0.05, help="the share of answers")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    args = parser.parse_args()
    print(f"seed {args.seed}")
    life = {"running_seconds": 2.0, "spread": 0.4, "latency": 0.02, "seed": args.seed}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        root = Path(folder)
        shutil.copytree(args.questions, root / "questions")
        opened = {
            one: stack.enter_context(one.open(script=faults(args.faulty, f"{args.seed}/{one.name}"), **life))
            for one in HOUSES
        }
        env = {name: value for one, vendor in opened.items() for name, value in one.env(vendor.url, root).items()}
        study = Study(root, opened, bare(env | {"PYTHONPATH": str(REPOSITORY)}), args.concurrency, args.samples)
        pairs = len(list((root / "questions").glob("*_task/*/prompt.txt")))
        carried_out(study, pairs * args.samples * len(HOUSES), args.seed)
        right = judged(study)
        if not right:
            print((root / "command.log").read_text()[-3000:])
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
