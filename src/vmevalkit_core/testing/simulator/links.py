"""Signed links that expire."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from itertools import count
from urllib.parse import urlencode

from vmevalkit_core.testing.simulator.messages import Request


class Links:
    """Makes links and tells whether one holds; those of an earlier process do not."""

    def __init__(self) -> None:
        self._secret, self._numbers = secrets.token_bytes(16), count(1)

    def make(self, url: str, path: str, expires: float) -> str:
        """A link to a path, no two alike, that holds until an instant."""
        query = {"expires": f"{expires:.3f}", "n": str(next(self._numbers))}
        return f"{url}{path}?{urlencode(query | {'signature': self._signature(path, query)})}"

    def hold(self, request: Request, now: float) -> bool:
        """Whether a request came by a link that was made here and has not expired."""
        query = request.query
        right = hmac.compare_digest(query.get("signature", "").encode(), self._signature(request.path, query).encode())
        return right and float(query["expires"]) > now

    def _signature(self, path: str, query: dict[str, str]) -> str:
        text = f"{path}\n{query.get('expires')}\n{query.get('n')}"
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()
