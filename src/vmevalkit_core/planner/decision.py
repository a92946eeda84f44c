"""What to do about one run, from the attempts that its folder holds: a pure function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from vmevalkit_core.attempts import LIVE, Attempt
from vmevalkit_core.planner.ask import Change


class Action(StrEnum):
    """What a run needs."""

    START = "start"
    """A new folder, a new request."""
    RESUME = "resume"
    """The provider has the job: collect it."""
    RECOVER = "recover"
    """A request may have been sent and its answer was lost: look for it, never send it again."""
    RESTART = "restart"
    """Nothing was paid, for the run is local or was never sent: do it again in its folder."""
    DONE = "done"
    FAILED = "failed"
    """It failed before and nobody asked for a retry."""
    CHANGED = "changed"
    """It succeeded, but was asked differently."""
    DAMAGED = "damaged"
    """A record cannot be read, so nobody knows what was paid."""


SENDS = frozenset({Action.START, Action.RESTART})
MAY_SEND = SENDS | {Action.RECOVER}
"""A request that is looked for and proves lost is sent after all, so it is counted and priced."""
WORK = SENDS | {Action.RESUME, Action.RECOVER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the user ordered for runs that exist already."""

    retry_failed: bool = False
    changed: Literal["refuse", "keep", "rerun"] = "refuse"
    resubmit_uncertain: bool = False
    adopt: Mapping[str, str] = field(default_factory=dict)
    """Run id to the provider's job id; it counts for more than what the record says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """An action and the attempt it is about."""

    action: Action
    attempt: Attempt | None = None
    changes: Sequence[Change] = ()
    reason: str = ""
    adopted: bool = False
    """The user named the job with --adopt."""


def decide(
    attempts: Sequence[Attempt],
    differs: Callable[[Attempt], list[Change]],
    policy: Policy,
    *,
    whole: Callable[[Attempt], bool] = Attempt.has_clip,
) -> Decision:
    """What a run needs; `attempts` are those at it, oldest first, and `whole` says whether a clip is good."""
    for attempt in attempts:
        if attempt.problem:
            return Decision(action=Action.DAMAGED, attempt=attempt, reason=attempt.problem)
    if not attempts:
        return Decision(action=Action.START)
    newest = attempts[-1]
    if newest.status == "submitted":
        # Paid for, so it is collected as it was asked, whatever is asked now.
        return Decision(
            action=Action.RESUME, attempt=newest, changes=differs(newest), adopted=newest.run_id in policy.adopt
        )
    success = next((one for one in reversed(attempts) if one.status == "success" and whole(one)), None)
    changes = differs(success) if success else []
    if success and not changes:
        return Decision(action=Action.DONE, attempt=success)
    if newest.status in LIVE:
        return _unfinished(newest, differs, policy)
    if newest is success:
        return _changed(newest, changes, policy)
    if newest.status == "success":
        return _without_clip(newest, policy)
    return _failed(newest, success, policy)


def _changed(success: Attempt, changes: list[Change], policy: Policy) -> Decision:
    action = {"refuse": Action.CHANGED, "keep": Action.DONE, "rerun": Action.START}[policy.changed]
    return Decision(action=action, attempt=success, changes=changes)


def _unfinished(newest: Attempt, differs: Callable[[Attempt], list[Change]], policy: Policy) -> Decision:
    if newest.run_id in policy.adopt:
        return Decision(action=Action.RESUME, attempt=newest, adopted=True)
    if newest.status == "running" or newest.was_not_sent:
        # Nothing was paid: what is asked now counts, and the old question must not be overwritten.
        return Decision(action=Action.START if differs(newest) else Action.RESTART, attempt=newest)
    if policy.resubmit_uncertain:
        return Decision(action=Action.START, attempt=newest)
    return Decision(action=Action.RECOVER, attempt=newest, changes=differs(newest))


def _without_clip(newest: Attempt, policy: Policy) -> Decision:
    """A success whose video is gone or broken: fetched again where the job is known, else made anew on order."""
    if newest.provenance.get("submission"):
        return Decision(action=Action.RESUME, attempt=newest)
    action = Action.START if policy.retry_failed else Action.FAILED
    return Decision(action=action, attempt=newest, reason=f"its video is not what was recorded: {newest.clip_path}")


def _failed(newest: Attempt, success: Attempt | None, policy: Policy) -> Decision:
    if success and policy.changed == "keep":
        return Decision(action=Action.DONE, attempt=success)
    if newest.run_id in policy.adopt:
        return Decision(action=Action.RESUME, attempt=newest, adopted=True)
    if policy.retry_failed:
        return Decision(action=Action.START, attempt=newest)
    return Decision(action=Action.FAILED, attempt=newest, reason=newest.data["inference"].get("error") or newest.status)
