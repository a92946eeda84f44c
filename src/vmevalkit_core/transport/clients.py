"""The HTTP clients behind the calls of one account, and what each of their errors means."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING

from vmevalkit_core._version import __version__
from vmevalkit_core.errors import GenerationError, LostAnswer, MissingExtra, NoConnection
from vmevalkit_core.redact import RedactingFilter, Redactor, without_query

if TYPE_CHECKING:
    import ssl

    import httpx2

CONNECT_SECONDS = 10.0
_AGENT = f"vmevalkit/{__version__}"


class Clients:
    """Three clients, each made when it is first needed: one keeps its connections, two never reuse one."""

    def __init__(self, connections: int) -> None:
        self._connections = connections
        self._made: dict[str, httpx2.AsyncClient] = {}

    def kept(self) -> httpx2.AsyncClient:
        """For questions: connections are kept."""
        return self._client("kept", keep=self._connections)

    def fresh(self) -> httpx2.AsyncClient:
        """For what must not be lost: each call has a connection of its own."""
        return self._client("fresh", keep=0)

    def bare(self) -> httpx2.AsyncClient:
        """For links of others: nothing of ours is in it. Connections to pinned addresses must not be shared."""
        return self._client("bare", keep=0)

    def open(self) -> None:
        """Import the library and read the certificates; done once in a process."""
        try:
            self.kept(), self.fresh(), self.bare()
        except ImportError as error:  # a SOCKS proxy in the environment, and nothing that speaks to it
            raise MissingExtra(f"the proxy of this environment cannot be used: {error}", hint=_SOCKS) from error

    async def close(self) -> None:
        """Close all connections."""
        made, self._made = self._made, {}
        for client in made.values():
            await client.aclose()

    def _client(self, name: str, *, keep: int) -> httpx2.AsyncClient:
        if name not in self._made:
            self._made[name] = _new_client(self._connections, keep)
        return self._made[name]


def plain_headers(response: httpx2.Response) -> dict[str, str]:
    """The headers of an answer, their names in lower case."""
    return {name.lower(): value for name, value in response.headers.items()}


@contextmanager
def fate(method: str, url: str, within: float) -> Iterator[None]:
    """Turns every error of the client into NoConnection or LostAnswer, by whether something may have left."""
    import httpx2

    never = (
        httpx2.ConnectError,
        httpx2.ConnectTimeout,
        httpx2.PoolTimeout,
        httpx2.ProxyError,
        httpx2.UnsupportedProtocol,
        httpx2.InvalidURL,
    )
    what = f"{method} {without_query(url)}"
    try:
        yield
    except GenerationError:
        raise
    except TimeoutError as error:
        raise LostAnswer(f"{what}: no whole answer within {within:g} s") from error
    except never as error:
        reason = _words(error)
        raise NoConnection(f"{what}: {reason}", hint="look at the base address and the network") from error
    except (httpx2.HTTPError, httpx2.StreamError) as error:
        raise LostAnswer(f"{what}: {_words(error)}") from error


def _new_client(connections: int, keep: int) -> httpx2.AsyncClient:
    import httpx2

    _hide_queries()
    return httpx2.AsyncClient(
        verify=_certificates(),
        # `identity`: a compressed video is a bomb, and a compressed answer hides its length.
        headers={"Accept-Encoding": "identity", "User-Agent": _AGENT},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        follow_redirects=False,
        timeout=httpx2.Timeout(None, connect=CONNECT_SECONDS),
        limits=httpx2.Limits(max_connections=2 * connections, max_keepalive_connections=keep),
    )


@cache
def _certificates() -> ssl.SSLContext:
    import httpx2

    return httpx2.create_ssl_context()  # reading the certificates takes longer than a call


@cache
def _hide_queries() -> None:
    """The client logs every address, and the query of one may be a signature."""
    for name in ("httpx2", "httpcore2"):
        logging.getLogger(name).addFilter(RedactingFilter(Redactor()))


def _words(error: Exception) -> str:
    name = type(error).__name__
    return str(error).partition("\n")[0] or _BROKE.get(name, name)


_BROKE = {
    "ReadError": "the connection broke before the whole answer was here",
    "WriteError": "the connection broke while the request was sent",
    "CloseError": "the connection could not be closed",
}
_SOCKS = "pip install 'httpx2[socks]', or unset the proxy variables"
