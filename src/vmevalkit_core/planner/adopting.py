"""Whether the jobs that a user found at a vendor can be the ones of the runs that he names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from vmevalkit_core.attempts import Attempt
from vmevalkit_core.errors import ConfigError


def check_adoptions(adopt: Mapping[str, str], found: Counter[str], attempts: Iterable[Attempt]) -> None:
    """ConfigError for an adoption that cannot be right.

    `found` counts the unfinished runs of the plan by run id; `attempts` are all there are. One job is one
    run's: its clip must not become the answer to two questions.
    """
    if not adopt:
        return
    for run_id in adopt:
        if found[run_id] != 1:
            problem = "is the id of several runs" if found[run_id] else "is no unfinished run of this plan"
            raise ConfigError(f"--adopt: {run_id} {problem}", hint="`vmeval status` names the unfinished runs")
    run_of: dict[str, str] = {}
    for run_id, job in adopt.items():
        if job in run_of:
            raise ConfigError(f"--adopt: job {job} is named for two runs, {run_of[job]} and {run_id}", hint=_HINT)
        run_of[job] = run_id
    _refuse_taken(run_of, [one for one in attempts if not one.problem])


def _refuse_taken(run_of: Mapping[str, str], attempts: Iterable[Attempt]) -> None:
    accounts = {one.run_id: one.provenance.get("account") for one in attempts}
    for one in attempts:
        run_id = run_of.get(job := str((one.provenance.get("submission") or {}).get("id")))
        # Two vendors may number their jobs alike, so a record of another account says nothing.
        if run_id and run_id != one.run_id and accounts.get(run_id) == accounts[one.run_id]:
            raise ConfigError(f"--adopt: job {job} is that of {one.run_id} already", hint=_HINT)


_HINT = "a job is one run's: look in the vendor's own list for the one that belongs to each run"
