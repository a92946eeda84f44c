"""What an HTTP client's own error says about a request: taken, refused, or nobody knows.

Clients differ in classes and agree in shape (httpx, httpx2, requests: `error.response.status_code`), so this
goes by shape and no client is imported.
"""

from __future__ import annotations

from vmevalkit_core.errors import GenerationError, RejectedError, RetryableError

NEVER_LEFT = {"ConnectError", "ConnectTimeout", "ConnectionRefusedError", "UnsupportedProtocol", "InvalidURL"}
"""Names of errors that come before a request is on the wire."""
BUSY = {429, 503}


def sorted_error(error: Exception) -> GenerationError | None:
    """The error that says what to do next; None where the request may have been taken."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    text = str(error).partition("\n")[0]
    if type(error).__name__ in NEVER_LEFT:
        return RetryableError(text, hint="look at the base address and the network")
    if status in BUSY:
        return RetryableError(text, retry_after=_retry_after(error))
    if isinstance(status, int) and 400 <= status < 500:
        return RejectedError(text, hint=_HINTS.get(status, ""))
    return None


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
