"""OAuth tokens of a Google account: fetched in a thread when they are needed, and anew before they expire."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from vmevalkit_core import GenerationError, KeyRefused, NoConnection
from vmevalkit_veo.words import clipped

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
CALL_SECONDS, WAIT_SECONDS = 15.0, 30.0
"""For one call to the token server, and for the whole token with its repeated calls."""
HINT = "run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to the file of an account"


class Tokens:
    """The tokens of one account.

    KeyRefused where there is no account or Google refuses it; NoConnection where the token server cannot be reached.
    Either way nothing has been sent to Vertex AI.
    """

    def __init__(self, file: str = "") -> None:
        self._file = file
        """The file of the account; empty for that of the machine."""
        self._credentials: Any = None
        self._lock = asyncio.Lock()

    async def headers(self, *, refused: Mapping[str, str] | None = None) -> Mapping[str, str]:
        """Headers with a token that is valid for some minutes more; with another one than in `refused`."""
        not_this = (refused or {}).get("authorization", "")
        try:
            # A thread that hangs is left behind, and nobody queues for it: a paid request must not wait for ever.
            async with asyncio.timeout(WAIT_SECONDS), self._lock:
                return await asyncio.to_thread(self._headers, not_this)
        except TimeoutError as error:
            raise NoConnection(f"Google gave no token within {WAIT_SECONDS:g} s", hint=HINT) from error

    def _headers(self, refused: str) -> Mapping[str, str]:
        from google.auth import exceptions
        from google.auth.transport.requests import Request

        try:
            if self._credentials is None:
                self._credentials = _credentials(self._file)
            credentials = self._credentials
            # `valid` is false some minutes before the token expires.
            if not credentials.valid or f"Bearer {credentials.token}" == refused:
                credentials.refresh(partial(Request(), timeout=CALL_SECONDS))
            payer = getattr(credentials, "quota_project_id", None)
            found = {"authorization": f"Bearer {credentials.token}"}
            return found | ({"x-goog-user-project": payer} if payer else {})
        except (exceptions.GoogleAuthError, OSError, ValueError) as error:
            raise _meaning(error) from error


def _credentials(file: str) -> Any:
    import google.auth

    load: Any = google.auth.load_credentials_from_file
    with warnings.catch_warnings():
        # The warning is about files of strangers; this one is the user's own, named by himself.
        warnings.simplefilter("ignore", DeprecationWarning)
        if file:
            return load(str(Path(file).expanduser()), scopes=[SCOPE])[0]
        return google.auth.default(scopes=[SCOPE])[0]


def _meaning(error: Exception) -> GenerationError:
    from google.auth import exceptions

    words = str(error.args[0] if error.args else error)
    if isinstance(error, exceptions.TransportError) or getattr(error, "retryable", False):
        # The cause stands at the end, in the brackets of each library on the way.
        cause = clipped(words.rpartition(": ")[2].strip("\"')"))
        return NoConnection(f"Google's token server does not answer: {cause}", hint="look at the network")
    if isinstance(error, exceptions.RefreshError):
        return KeyRefused(f"Google refuses the account: {clipped(words)}", hint=HINT)
    return KeyRefused(f"there are no usable Google credentials: {clipped(words)}", hint=HINT)
