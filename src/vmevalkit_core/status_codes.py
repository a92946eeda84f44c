"""What an HTTP client's own error says about a request: taken, refused, or nobody knows.

Clients differ in classes and agree in shape (httpx, httpx2, requests: `error.response.status_code`), so this
goes by shape and no client is imported; the errors of our own transport have the same shape.
"""

from __future__ import annotations

from vmevalkit_core.errors import (
    AccountError,
    GenerationError,
    KeyRefused,
    LostAnswer,
    NoConnection,
    NoCredit,
    QuotaExhausted,
    RejectedError,
    RetryableError,
    Throttled,
    UncertainSubmitError,
)
from vmevalkit_core.limits import LONGEST_PAUSE

NEVER_LEFT = {"ConnectError", "ConnectTimeout", "ConnectionRefusedError", "UnsupportedProtocol", "InvalidURL"}
"""Names of errors that come before a request is on the wire."""
READS_AGAIN = {
    "ReadTimeout",
    "ReadError",
    "RemoteProtocolError",
    "PoolTimeout",
    "ConnectionError",
    "ConnectionResetError",
}
"""Names of errors that end a question without ending what it asked about."""
MAYBE_TAKEN = {408, 409, 425, 499}
"""Refusals that a vendor may also give for a request that it has taken already."""
MOVED = {301, 302, 307, 308}
"""Redirects, which come before a request is handled; 303 comes after."""
NO_SUCH_PLACE = {404, 405, 407}
"""Refusals that say nothing of the request: whatever is sent there is refused."""
EXPIRED = {401, 403, 404, 410}
"""What storage answers to a link that has expired."""
LOST_HINT = "look at the vendor's own list, then run again with --adopt RUN_ID=JOB_ID or --resubmit-uncertain"


def submit_error(error: Exception) -> GenerationError | None:
    """What an error says of a request that may cost money; None for an error that is no client's."""
    if isinstance(error, LostAnswer):
        return UncertainSubmitError(error.message, hint=LOST_HINT)
    if isinstance(error, GenerationError) and status_of(error) is None:
        return error
    status, text, wait = status_of(error), _text(error), _retry_after(error)
    if type(error).__name__ in NEVER_LEFT:
        return NoConnection(text, hint="look at the base address and the network")
    if status is None:
        return None
    # A gateway's own 503 can come after the vendor took the request; only a vendor says when to come back.
    if status == 429 or (status == 503 and wait is not None):
        return _busy(text, wait)
    if status in MOVED:
        return AccountError(text, hint="the base address leads elsewhere: set it to where it leads")
    if status in NO_SUCH_PLACE:
        return AccountError(text, hint="the base address, the proxy or the model's name is wrong")
    if 400 <= status < 500 and status not in MAYBE_TAKEN:
        return _refusal(status, text)
    return UncertainSubmitError(text, hint=LOST_HINT)


def read_error(error: Exception) -> RetryableError | None:
    """What an error says of a question that costs nothing; None where asking again would not help."""
    status = status_of(error)
    passing = isinstance(error, LostAnswer) or type(error).__name__ in NEVER_LEFT | READS_AGAIN
    if passing or status in (408, 425, 429) or (status is not None and status >= 500):
        return RetryableError(_text(error), retry_after=_retry_after(error))
    return None


def question_error(error: Exception) -> GenerationError | None:
    """What an error says to a person who asked a question once; None for an error that is no client's."""
    status = status_of(error)
    if status is not None and 400 <= status < 500 and status not in (408, 425, 429):
        return _refusal(status, _text(error))
    return read_error(error)


def status_of(error: BaseException) -> int | None:
    """The HTTP status that an error is about."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) else None


def _busy(text: str, wait: float | None) -> GenerationError:
    if wait is not None and wait > LONGEST_PAUSE:
        hint = f"the vendor asks to come back in {wait / 3600:.1f} h: run the same command again then"
        return QuotaExhausted(text, retry_after=wait, hint=hint)
    return Throttled(text, retry_after=wait)


def _refusal(status: int, text: str) -> GenerationError:
    if status in (401, 403):
        return KeyRefused(text, hint="the key is wrong or expired, or may not use this model")
    if status == 402:
        return NoCredit(text, hint="the account has no credit left: top it up, then run the same command again")
    return RejectedError(text, hint="the address or the model's name is wrong" if status == 404 else "")


def _text(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__


def _retry_after(error: Exception) -> float | None:
    response = getattr(error, "response", None)
    if (known := getattr(response, "retry_after", None)) is not None:
        return float(known)
    try:
        return float(getattr(response, "headers", {}).get("retry-after", ""))
    except ValueError:
        return None
