"""What Runway answers, as pure functions: where a job stands and what it cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from vmevalkit_core import Account, Done, Failed, Pending, RetryableError
from vmevalkit_runway.options import USD_PER_CREDIT

WAITING = {"PENDING": "queued", "THROTTLED": "waiting for a free place of the account", "RUNNING": "running"}
"""The states that are no end, in words. THROTTLED is no error: Runway starts the job when another one ends."""


@dataclass(frozen=True, slots=True)
class Family:
    """What the failure codes with one beginning have in common."""

    prefix: str
    blame: Literal["moderation", "input", "vendor"]
    """Whose doing it is; only what is the vendor's may go well another time."""
    hint: str


FAMILIES = (
    Family("SAFETY.INPUT", "moderation", "change the picture or the prompt; Runway does not refund moderated input"),
    Family("SAFETY.OUTPUT", "moderation", "Runway moderated the clip; another seed may pass"),
    Family("SAFETY", "moderation", "change the picture or the prompt"),
    Family("INPUT_PREPROCESSING.SAFETY", "moderation", "change the prompt"),
    Family("INPUT_PREPROCESSING", "vendor", "try again later with --retry-failed"),
    Family("INTERNAL.BAD_OUTPUT", "vendor", "the model made nothing usable: another seed, picture or prompt may help"),
    Family("ASSET", "input", "Runway cannot read the picture: write it anew"),
    Family("THIRD_PARTY", "vendor", "the service behind this model is down: try again later with --retry-failed"),
    Family("", "vendor", "it is Runway's fault: try again later with --retry-failed"),
)
"""The first whose beginning fits counts; their endings vary. The last one is also for failures without a code."""


def task_state(task: Any) -> Pending | Done | Failed:
    """Where a job stands by the answer of `GET /v1/tasks/{id}`; RetryableError when the answer makes no sense."""
    if not isinstance(task, Mapping) or not isinstance(task.get("status"), str):
        raise RetryableError(f"Runway's answer about the job makes no sense: {clipped(task)}")
    match task["status"]:
        case "SUCCEEDED":
            return _succeeded(task)
        case "FAILED":
            return _failed(task)
        case "CANCELLED":
            reason = "the job was cancelled or deleted at Runway"
            return Failed(reason=reason, hint=money_words(task), cost=charged(task))
        case status:
            # A state that is unknown here is surely not one of the ends that Runway has today.
            return Pending(progress=_share(task.get("progress")), stage=WAITING.get(status, clipped(status.lower())))


def accepted(answer: Any) -> tuple[str, Decimal | None]:
    """The id of a new job, empty where there is none, and the US dollars that it may cost at most, where it says so."""
    if not isinstance(answer, Mapping):
        return "", None
    job = answer.get("id")
    return job if isinstance(job, str) else "", _usd(answer.get("estimatedCost"))


def upload_session(answer: Any) -> tuple[str, dict[str, str], str]:
    """Link, fields and `runway://` address of an upload; RetryableError when the answer makes no sense."""
    match answer:
        case {"uploadUrl": str(link), "fields": dict(fields), "runwayUri": str(uri)} if uri.startswith("runway://"):
            return link, {str(name): str(value) for name, value in fields.items()}, uri
    raise RetryableError(f"Runway's answer about an upload makes no sense: {clipped(answer)}")


def charged(task: Mapping[str, Any]) -> Decimal | None:
    """US dollars that a finished job cost, by its credits: 0 when all were refunded; None when it does not say."""
    return _usd(task.get("cost"))


def balance(organization: Any) -> Account:
    """The credits of an organization; RetryableError when the answer makes no sense."""
    left = organization.get("creditBalance") if isinstance(organization, Mapping) else None
    return Account.holding(left, each=USD_PER_CREDIT, remark=f"{left} credits")


def money_words(task: Mapping[str, Any]) -> str:
    """What a job that ended without a clip cost, in words."""
    cost = charged(task)
    if cost is None:
        return "Runway does not say what it charged"
    return f"Runway charged {cost:.2f} USD" if cost else "Runway charged nothing"


def family_of(code: str | None) -> Family:
    """What a failure code means."""
    return next(family for family in FAMILIES if (code or "").startswith(family.prefix))


def _succeeded(task: Mapping[str, Any]) -> Done | Failed:
    output = task.get("output")
    links = [link for link in output if isinstance(link, str) and link] if isinstance(output, list) else []
    if links:
        return Done(video_url=links[0], cost=charged(task))
    return Failed(
        reason="Runway calls the job succeeded and gives no video, as it does for a moderated clip",
        hint=f"another seed, picture or prompt may pass; {money_words(task)}",
        moderated=True,
        cost=charged(task),
    )


def _failed(task: Mapping[str, Any]) -> Failed:
    code = task.get("failureCode") if isinstance(task.get("failureCode"), str) else None
    family = family_of(code)
    words = clipped(task.get("failure") or "no reason given").rstrip(".")
    return Failed(
        reason=f"Runway failed the job: {words} ({code or 'no failure code'})",
        hint=f"{family.hint}; {money_words(task)}",
        rejected=family.blame == "input",
        moderated=family.blame == "moderation",
        cost=charged(task),
    )


def _usd(cost: Any) -> Decimal | None:
    """The dollars in `{"credits": 25}`."""
    spent = cost.get("credits") if isinstance(cost, Mapping) else None
    known = isinstance(spent, int | float) and not isinstance(spent, bool) and math.isfinite(spent) and spent >= 0
    return Decimal(str(spent)) * USD_PER_CREDIT if known else None


def _share(value: Any) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
    return float(value) if known else None


def clipped(value: Any) -> str:
    """A vendor's words on one line, not endless."""
    text = " ".join(str(value).split())
    return text if len(text) <= 300 else f"{text[:300]}..."
