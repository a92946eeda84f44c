"""The HTTP clients behind the calls of one account, and what each of their errors means."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, TypeVar

from vmevalkit_core._version import __version__
from vmevalkit_core.errors import ConfigError, LostAnswer, MissingExtra, NoConnection, VmevalError
from vmevalkit_core.redact import RedactingFilter, Redactor, without_query

if TYPE_CHECKING:
    import ssl

    import httpx2

    from vmevalkit_core.transport.links import Approach

CONNECT_SECONDS = 10.0
_CLIENT = re.compile(r"http(x|core)2(\.|$)")
_AGENT = f"vmevalkit/{__version__}"
T = TypeVar("T")


class Clients:
    """Clients by what they are for, each made when it is first needed: some keep a connection, two never reuse one."""

    def __init__(self, connections: int) -> None:
        self._connections = connections
        self._made: dict[str, httpx2.AsyncClient] = {}
        self._kept: set[httpx2.AsyncClient] = set()
        self._idle: list[httpx2.AsyncClient] = []

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[httpx2.AsyncClient]:
        """For a question: a client that keeps its one connection, the one that was used last.

        A client of many connections looks at all of them before and after each call.
        """
        client = self._idle.pop() if self._idle else _new_client(1, 1)
        self._kept.add(client)
        try:
            yield client
        except BaseException:
            self._kept.discard(client)
            await client.aclose()  # what is left of its connection must not meet the next question
            raise
        self._idle.append(client)

    def fresh(self) -> httpx2.AsyncClient:
        """For what must not be lost: each call has a connection of its own."""
        return self._client("fresh")

    def bare(self, proxy: str | None = None) -> httpx2.AsyncClient:
        """For links of others: nothing of ours is in it, and it goes through this proxy or none.

        Connections to pinned addresses must not be shared.
        """
        return self._client(f"bare {proxy}", proxy=proxy, trust_env=False)

    @property
    def are_open(self) -> bool:
        """Whether `open` was called, and `close` not since."""
        return bool(self._made)

    def open(self) -> None:
        """Import the library and read the certificates; done once in a process."""
        try:
            self.fresh(), self.bare()
        except ImportError as error:  # a SOCKS proxy in the environment, and nothing that speaks to it
            raise MissingExtra(f"the proxy of this environment cannot be used: {error}", hint=_SOCKS) from error

    async def close(self) -> None:
        """Close all connections."""
        clients = [*self._made.values(), *self._kept]
        self._made, self._kept, self._idle = {}, set(), []
        for client in clients:
            await client.aclose()

    def _client(self, name: str, **settings: Any) -> httpx2.AsyncClient:
        if name not in self._made:
            self._made[name] = _new_client(2 * self._connections, 0, **settings)
        return self._made[name]


def built(client: httpx2.AsyncClient, method: str, way: Approach, body: Mapping[str, Any]) -> httpx2.Request:
    """A request that is about to leave; ConfigError for one that cannot, its words left out: they may be the key."""
    try:
        return client.build_request(method, way.url, headers=way.headers, extensions=way.extensions, **body)
    except (ValueError, TypeError, UnicodeError) as error:
        hint = "look at the key and the base address for characters that do not belong there"
        raise ConfigError(f"the call cannot be made: {type(error).__name__}", hint=hint) from error


async def by_first_open(ways: Sequence[Approach], take: Callable[[Approach], Awaitable[T]]) -> T:
    """What `take` gives by the first of the ways that can be connected to; after that, no other is tried."""
    import httpx2

    *others, last = ways
    for way in others:
        with suppress(httpx2.ConnectError, httpx2.ConnectTimeout):  # another address may need another route
            return await take(way)
    return await take(last)


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
    except VmevalError:
        raise
    except httpx2.LocalProtocolError as error:  # before a byte has left: a header that cannot be one
        raise ConfigError("the call cannot be made: it is no valid HTTP", hint=_HEADER) from error
    except TimeoutError as error:
        raise LostAnswer(f"{what}: no whole answer within {within:g} s") from error
    except never as error:
        reason = _words(error)
        raise NoConnection(f"{what}: {reason}", hint="look at the base address and the network") from error
    except (httpx2.HTTPError, httpx2.StreamError) as error:
        raise LostAnswer(f"{what}: {_words(error)}") from error


def _new_client(connections: int, keep: int, **settings: Any) -> httpx2.AsyncClient:
    import httpx2

    _hide_queries()
    return httpx2.AsyncClient(
        verify=_certificates(),
        # `identity`: a compressed video is a bomb, and a compressed answer hides its length.
        headers={"Accept-Encoding": "identity", "User-Agent": _AGENT},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        follow_redirects=False,
        timeout=httpx2.Timeout(None, connect=CONNECT_SECONDS),
        limits=httpx2.Limits(max_connections=connections, max_keepalive_connections=keep),
        **settings,
    )


@cache
def _certificates() -> ssl.SSLContext:
    import httpx2

    return httpx2.create_ssl_context()  # reading the certificates takes longer than a call


@cache
def _hide_queries() -> None:
    """The client logs every address, and the query of one may be a signature."""
    import httpcore2  # noqa: F401 (it makes its loggers)

    known = list(logging.root.manager.loggerDict)
    for name in filter(_CLIENT.match, known):  # each one: a logger's filter does not see what its children log
        logging.getLogger(name).addFilter(_without_values)
        logging.getLogger(name).addFilter(RedactingFilter(Redactor()))


def _without_values(record: logging.LogRecord) -> bool:
    """Leaves the name of a step on the wire; what it got may be a `Location`, whose signature no pattern knows."""
    if record.levelno <= logging.DEBUG:
        record.msg, record.args = record.getMessage().partition(" ")[0], ()
    return True


def _words(error: Exception) -> str:
    name = type(error).__name__
    return str(error).partition("\n")[0] or _BROKE.get(name, name)


_BROKE = {
    "ReadError": "the connection broke before the whole answer was here",
    "WriteError": "the connection broke while the request was sent",
    "CloseError": "the connection could not be closed",
}
_HEADER = "look at the key for characters that do not belong there, such as a line end"
_SOCKS = "pip install 'httpx2[socks]', or unset the proxy variables"
