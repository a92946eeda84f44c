"""Jobs as lines of the ledger, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from vmevalkit_core.testing.simulator.life import Ending, Job, Order


def entry_of(job: Job, digest: str) -> dict[str, Any]:
    """What is kept of a job at its acceptance, with the sha256 of the request's body."""
    return {
        "number": job.number,
        "time": job.created,
        "monotonic": job.accepted,
        "token": job.order.token,
        "price": str(job.order.price),
        "model": job.order.model,
        "facts": job.order.facts,
        "digest": digest,
        "queued": job.queued,
        "running": job.running,
        "ending": asdict(job.ending),
    }


def job_from(line: Mapping[str, Any]) -> Job:
    """The job of a line that `entry_of` made."""
    return Job(
        id=line["id"],
        number=line["number"],
        order=Order(price=Decimal(line["price"]), token=line["token"], model=line["model"], facts=line["facts"]),
        ending=Ending(**line["ending"]),
        accepted=line["monotonic"],
        created=line["time"],
        queued=line["queued"],
        running=line["running"],
    )
