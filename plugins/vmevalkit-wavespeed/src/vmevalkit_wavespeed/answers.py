"""What WaveSpeed answers, as pure functions: the envelope, where a job stands, the list, a place for a picture."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from vmevalkit_core import Account, Answer, Candidate, Done, Failed, LostAnswer, Pending, Refusal, RetryableError

OK = 200
MODERATED = re.compile(r"nsfw|\bsafety\b|sensitive|policy|prohibited|moderat|flagged", re.IGNORECASE)
"""What stands in WaveSpeed's sentence when content was refused; there is no code for it."""
UPSTREAM = re.compile(r"\b(?:429|5\d\d)\b")
"""A status in the sentence: the service behind the model failed, and the same request may go well."""
ENDS = {"cancelled": "was cancelled", "timeout": "took too long", "deleted": "was deleted"}
"""The ends that are neither a clip nor a failure with a reason, in words."""
REFUND = "WaveSpeed gives the money back within 3 hours"
UNSURE = "WaveSpeed does not promise to give the money back for content that it refuses"
UNTOLD = "whether it gives the money back is not told: it promises that for jobs that failed"


def data(answer: Answer) -> Any:
    """What the envelope holds; Refusal for a code other than 200, also where the status is 200."""
    envelope = answer.json()
    if not isinstance(envelope, Mapping):
        raise LostAnswer(f"{answer.url} answered without an envelope: {answer.text}")
    code = envelope.get("code", OK)
    if str(code) == str(OK):
        return envelope.get("data")
    # An unknown code is a fault of the vendor's: after a paid request, one that may have been taken.
    known = isinstance(code, int) and 400 <= code < 600
    raise Refusal(replace(answer, status=code if known else 500))


def accepted(answer: Answer) -> str:
    """The id of a new job, empty where there is none; Refusal for an envelope that says no.

    An id counts for more than the code beside it: that job is there.
    """
    envelope = answer.json()
    inner = envelope.get("data") if isinstance(envelope, Mapping) else None
    job = inner.get("id") if isinstance(inner, Mapping) else None
    if isinstance(job, str) and job:
        return job
    data(answer)
    return ""


def job_state(job: Any) -> Pending | Done | Failed:
    """Where a job stands; RetryableError when the answer makes no sense."""
    if not isinstance(job, Mapping) or not isinstance(job.get("status"), str):
        raise RetryableError(f"WaveSpeed's answer about the job makes no sense: {clipped(job)}")
    match job["status"]:
        case "completed":
            return _completed(job)
        case "failed":
            return _failed(job)
        case "cancelled" | "timeout" | "deleted" as end:
            hint = f"--retry-failed sends it again; {UNTOLD}" if end == "timeout" else UNTOLD
            return Failed(reason=f"the job {ENDS[end]} at WaveSpeed{_because(job)}", hint=hint)
        case status:
            return Pending(stage="queued" if status == "created" else clipped(status))


def place(ticket: Any) -> tuple[str, dict[str, str], str]:
    """Signed link, headers and later address of an upload; RetryableError when the answer makes no sense."""
    match ticket:
        case {"download_url": str(address), "upload": {"method": str(method), "url": str(link), **rest}}:
            headers = rest.get("headers") or {}
            if method.upper() == "PUT" and address and link and isinstance(headers, Mapping):
                return link, {str(name): str(value) for name, value in headers.items()}, address
    raise RetryableError("WaveSpeed's answer about an upload makes no sense")


def candidates(listed: Any, model: str) -> list[Candidate]:
    """The jobs of a model on one page of the list. None is exact: the list repeats neither prompt nor picture."""
    rows = listed.get("items") if isinstance(listed, Mapping) else None
    if not isinstance(rows, list):
        raise RetryableError(f"WaveSpeed's list of jobs makes no sense: {clipped(listed)}")
    return [
        Candidate(id=row["id"], created=_time(row.get("created_at")))
        for row in rows
        if isinstance(row, Mapping) and isinstance(row.get("id"), str) and row.get("model", model) == model
    ]


def balance(account: Any) -> Account:
    """What an account holds, in US dollars; RetryableError when the answer makes no sense."""
    return Account.holding(account.get("balance") if isinstance(account, Mapping) else None)


def clipped(value: Any) -> str:
    """A vendor's words on one line, not endless."""
    text = " ".join(str(value).split())
    return text if len(text) <= 300 else f"{text[:300]}..."


def _completed(job: Mapping[str, Any]) -> Done | Failed:
    outputs = job.get("outputs")
    links = [link for one in outputs if (link := _link(one))] if isinstance(outputs, list) else []
    flags = job.get("has_nsfw_contents")
    flagged = isinstance(flags, list) and True in flags
    if links:
        return Done(video_url=links[0], extras={"flagged": True} if flagged else {})
    return Failed(
        reason="WaveSpeed calls the job completed and gives no video, as it does for a moderated clip",
        hint=f"another seed, picture or prompt may pass; {UNSURE}",
        moderated=True,
    )


def _link(output: Any) -> str:
    """The link in an output, which is a string, or perhaps an object that holds one."""
    found = output.get("url") if isinstance(output, Mapping) else output
    return found if isinstance(found, str) else ""


def _failed(job: Mapping[str, Any]) -> Failed:
    words = clipped(job.get("error") or "no reason given").rstrip(".")
    reason = f"WaveSpeed failed the job: {words}"
    if MODERATED.search(words):
        return Failed(reason=reason, hint=f"change the picture or the prompt; {UNSURE}", moderated=True)
    upstream = UPSTREAM.search(words)
    way = "the service behind the model failed: --retry-failed later" if upstream else "--retry-failed sends it again"
    # By WaveSpeed's documents the whole price of a job that failed is given back.
    return Failed(reason=reason, hint=f"{way}; {REFUND}", cost=Decimal(0))


def _because(job: Mapping[str, Any]) -> str:
    return f": {clipped(job['error'])}" if isinstance(job.get("error"), str) and job["error"] else ""


def _time(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else None
