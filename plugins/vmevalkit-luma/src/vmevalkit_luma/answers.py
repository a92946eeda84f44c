"""What Luma answers, as pure functions: where a job stands in either API, and which jobs a list holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import unquote

from vmevalkit_core import Account, Candidate, Done, Failed, GenerationRequest, Pending
from vmevalkit_luma.errors import RetryableError

Blame = Literal["moderation", "input", "vendor"]
CENT = Decimal("0.01")
LATER = "try again later with --retry-failed"


@dataclass(frozen=True, slots=True)
class Kind:
    """What a failure means."""

    blame: Blame
    """Whose doing it is; only what is the vendor's may go well another time."""
    hint: str


CODES = {
    "content_moderated": Kind("moderation", "change the picture or the prompt"),
    "generation_failed": Kind("vendor", LATER),
    "output_not_found": Kind("vendor", LATER),
    "rate_limited": Kind("vendor", LATER),
    "budget_exhausted": Kind("vendor", "raise the budget of the key at Luma, then --retry-failed"),
    "image_too_large": Kind("input", "ask for a lower resolution"),
    "unsupported_format": Kind("input", "write the picture anew as PNG or JPEG"),
    "corrupt_input": Kind("input", "write the picture anew as PNG or JPEG"),
    "invalid_request": Kind("input", "see: vmeval models show luma-ray-3.2"),
}
"""The failure codes of the Agents API."""
MODERATION = ("moderation", "blacklist", "not allowed")
"""Words by which Dream Machine, which has no codes, is understood to refuse content."""
UNREADABLE = "read user input frames"
_UNKNOWN = Kind("vendor", LATER)


def agents_state(job: Any) -> Pending | Done | Failed:
    """Where a job of the Agents API stands; RetryableError when the answer makes no sense."""
    job = _checked(job)
    if job["state"] == "completed":
        output = job.get("output")
        rows = [row for row in output if isinstance(row, Mapping)] if isinstance(output, list) else []
        return _completed(next((row["url"] for row in rows if _is_text(row.get("url"))), None))
    if job["state"] != "failed":
        return Pending(stage=clipped(job["state"]))
    code = job["failure_code"] if _is_text(job.get("failure_code")) else None
    return _failed(job, f"({code or 'no failure code'})", CODES.get(code or "", _UNKNOWN), None)


def dream_state(job: Any) -> Pending | Done | Failed:
    """Where a job of Dream Machine stands; RetryableError when the answer makes no sense."""
    job = _checked(job)
    if job["state"] == "completed":
        assets = job.get("assets")
        link = assets.get("video") if isinstance(assets, Mapping) else None
        return _completed(link if _is_text(link) else None)
    if job["state"] != "failed":
        return Pending(stage=clipped(job["state"]))
    # By Luma's documents the whole price of a job that fails is given back.
    return _failed(job, "", _by_words(str(job.get("failure_reason") or "").lower()), Decimal(0))


def new_job(answer: Any) -> str:
    """The id of a job that was just taken; empty where there is none."""
    job = answer.get("id") if isinstance(answer, Mapping) else None
    return job if isinstance(job, str) else ""


def balance(account: Any) -> Account:
    """What an account of Dream Machine holds, which Luma tells in US cents."""
    cents = account.get("credit_balance") if isinstance(account, Mapping) else None
    return Account.holding(cents, each=CENT)


def candidates(rows: list[Any], request: GenerationRequest, since: datetime, until: datetime) -> list[Candidate]:
    """The listed jobs that may be this request; exact where the link of its picture holds our token.

    A link that holds another mark of ours is another run; one without any mark may have been copied by Luma.
    """
    found = []
    for row in rows:
        if not isinstance(row, Mapping) or not _is_text(row.get("id")):
            continue
        created, link = moment(row.get("created_at")), _link_of(row)
        exact = bool(request.token) and f"filename={mark(request.token)}." in link
        alike = _asked(row, "prompt") == request.prompt and "filename=" not in link
        if exact or (alike and (created is None or since <= created <= until)):
            found.append(Candidate(id=row["id"], created=created, exact=exact))
    return found


def mark(token: str) -> str:
    """Our token, as it stands in the link of a picture."""
    return f"vmeval-{token}"


def moment(value: Any) -> datetime | None:
    """A time as Luma writes it, in UTC; None where it is none."""
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def clipped(value: Any) -> str:
    """A vendor's words on one line, not endless."""
    text = " ".join(str(value).split())
    return text if len(text) <= 300 else f"{text[:300]}..."


def _completed(link: str | None) -> Done | Failed:
    if link:
        return Done(video_url=link)
    return Failed(reason="Luma calls the job completed and gives no video", hint=LATER)


def _failed(job: Mapping[str, Any], code: str, kind: Kind, kept: Decimal | None) -> Failed:
    words = clipped(job.get("failure_reason") or "no reason given").rstrip(".")
    return Failed(
        reason=f"Luma failed the job: {words} {code}".rstrip(),
        hint=kind.hint,
        rejected=kind.blame == "input",
        moderated=kind.blame == "moderation",
        cost=kept,
    )


def _by_words(reason: str) -> Kind:
    if UNREADABLE in reason and "moderation" not in reason:
        return Kind("input", "Luma could not fetch the picture: can the storage be reached from outside your network?")
    if any(word in reason for word in MODERATION):
        return Kind("moderation", "change the picture or the prompt")
    return _UNKNOWN


def _checked(job: Any) -> Mapping[str, Any]:
    if not isinstance(job, Mapping) or not _is_text(job.get("state")):
        raise RetryableError(f"Luma's answer about the job makes no sense: {clipped(job)}")
    return job


def _asked(row: Mapping[str, Any], name: str) -> Any:
    asked = row.get("request")
    return asked.get(name) if isinstance(asked, Mapping) else None


def _link_of(row: Mapping[str, Any]) -> str:
    match _asked(row, "keyframes"):
        case {"frame0": {"url": str(link)}}:
            return unquote(link)
    return ""


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)
