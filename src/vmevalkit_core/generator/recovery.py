"""Looks for the job of a request whose answer was lost, in the vendor's own list."""

from __future__ import annotations

from datetime import timedelta

from vmevalkit_core.errors import NotAccepted, UncertainSubmitError
from vmevalkit_core.generator.reading import read
from vmevalkit_core.generator.vendor import VendorClient
from vmevalkit_core.records import Candidate, GenerationRequest, Intent, Submission
from vmevalkit_core.status_codes import LOST_HINT

__all__ = ["LOST", "LOST_HINT", "adopt"]

LOST = "the answer to the request was lost, so it may have been accepted and billed"


async def adopt(
    vendor: VendorClient, request: GenerationRequest, intent: Intent, *, sent_at: float | None = None
) -> Submission:
    """The one job that holds our token. NotAccepted when a complete list has none; UncertainSubmitError else.

    `sent_at`: when this process sent the request, by its monotonic clock; None where an earlier process did.
    """
    if not vendor.can_find:
        raise UncertainSubmitError(LOST, hint=LOST_HINT)
    until = intent.time + timedelta(seconds=intent.timeout_seconds or vendor.submit_timeout)
    clock = vendor.context.clock
    whole = (until - intent.time).total_seconds() + vendor.settle
    gone = (clock.now() - intent.time).total_seconds() if sent_at is None else clock.monotonic() - sent_at
    # A request may still be inside the vendor after its sender died, so one early look proves nothing. But no longer
    # than from the start: a clock that was set back must not make us wait for days.
    left = min(whole - gone, whole)
    await clock.sleep(left)
    candidates: list[Candidate] = []
    # Absence leads to another request, and a clock that was set ahead proves none: we wait as long ourselves.
    proof = whole - max(0.0, left) if vendor.lists_every_job and sent_at is None else 0.0
    for wait in (max(vendor.look_again, proof), 0.0):
        candidates = await read(vendor, lambda: vendor.find(request, (intent.time, until)), vendor.poll_timeout)
        exact = [one for one in candidates if one.exact]
        if len(exact) == 1:
            return Submission(id=exact[0].id, resume=exact[0].resume)
        await clock.sleep(wait)
    if vendor.lists_every_job and not candidates:
        raise NotAccepted("the vendor's list does not hold the request that was lost")
    listed = ", ".join(one.id for one in candidates) or "none"
    raise UncertainSubmitError(f"{LOST}; jobs that may be it: {listed}", hint=LOST_HINT)
