"""What an HTTP client's own error says about a request: taken, refused, or nobody knows.

Clients differ in classes and agree in shape (httpx, httpx2, requests: `error.response.status_code`), so this
goes by shape and no client is imported.
"""

from __future__ import annotations

from vmevalkit_core.errors import GenerationError, RejectedError, RetryableError

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


def submit_error(error: Exception) -> GenerationError | None:
    """What an error says of a request that may cost money; None where it may have been taken."""
    status, text, wait = _status(error), _text(error), _retry_after(error)
    if type(error).__name__ in NEVER_LEFT:
        return RetryableError(text, hint="look at the base address and the network")
    # A gateway's own 503 can come after the vendor took the request; only a vendor says when to come back.
    if status == 429 or (status == 503 and wait is not None):
        return RetryableError(text, retry_after=wait)
    if status is not None and 400 <= status < 500 and status not in MAYBE_TAKEN:
        return RejectedError(text, hint=_HINTS.get(status, ""))
    return None


def read_error(error: Exception) -> RetryableError | None:
    """What an error says of a question that costs nothing; None where asking again would not help."""
    status = _status(error)
    passing = type(error).__name__ in NEVER_LEFT | READS_AGAIN
    if passing or status in (408, 425, 429) or (status is not None and status >= 500):
        return RetryableError(_text(error), retry_after=_retry_after(error))
    return None


def _status(error: Exception) -> int | None:
    status = getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) else None


def _text(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__


def _retry_after(error: Exception) -> float | None:
    headers = getattr(getattr(error, "response", None), "headers", {})
    try:
        return float(headers.get("retry-after", ""))
    except ValueError:
        return None


_HINTS = {
    401: "the key is wrong or has expired",
    402: "the account has no credit left",
    403: "the key may not use this model",
    404: "the address or the model's name is wrong",
}
