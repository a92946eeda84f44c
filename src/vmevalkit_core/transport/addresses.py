"""Which addresses a vendor's link may lead to: public ones, looked at after their names are resolved."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from vmevalkit_core.errors import NoConnection, UnsafeLink

PORTS = {"http": 80, "https": 443}
LOOKUP_SECONDS = 3.0
"""For a name that only the proxy has to know."""
_UNRESOLVED: set[str] = set()
"""Names that were not found within that time; each further look would hold one of the loop's few threads as long."""
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address
_OLD = [IPv6Network(one) for one in ("::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "fec0::/10")]
"""Forms that carry an IPv4 address, or mean one's own site, and that no public host has."""


class Origin(NamedTuple):
    """Scheme, host and port: what credentials belong to."""

    scheme: str
    host: str
    port: int


def origin_of(url: str) -> Origin:
    """The origin of a link; UnsafeLink where it is no plain http or https link."""
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme.lower(), parts.hostname, parts.port
    except ValueError as error:
        raise UnsafeLink("the vendor's link cannot be read", hint=_HINT) from error
    if scheme not in PORTS or not host:
        raise UnsafeLink(f"the vendor's link is no http link, it begins with {url[:8]!r}", hint=_HINT)
    if parts.username or parts.password:
        raise UnsafeLink(f"the vendor's link to {host} holds a password", hint=_HINT)
    return Origin(scheme, host.lower(), port or PORTS[scheme])


async def public_addresses(origin: Origin) -> list[str]:
    """The addresses of a host, to connect to these very ones; UnsafeLink where any of them leads inward."""
    found = await _resolved(origin)
    inward = [one for one in found if is_inward(one)]
    if inward:
        where = origin.host if origin.host == inward[0] else f"{origin.host} ({inward[0]})"
        raise UnsafeLink(f"the vendor's link leads to {where}, an address inside a network", hint=_HINT)
    return list(dict.fromkeys(found))


async def refuse_inward(origin: Origin) -> None:
    """UnsafeLink for a host that is seen from here to lead inward; for a proxy, which may know names that we do not."""
    if f".{origin.host.rstrip('.')}".endswith(".localhost"):
        raise UnsafeLink(f"the vendor's link leads to {origin.host}, this very machine", hint=_HINT)
    if is_literal(origin.host):
        await public_addresses(origin)
    elif origin.host not in _UNRESOLVED:
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                with suppress(NoConnection):
                    await public_addresses(origin)
        except TimeoutError:
            _UNRESOLVED.add(origin.host)


def is_inward(address: str) -> bool:
    """Whether an address is anything but public: loopback, private, link-local, or one of these in another form."""
    ip: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        if any(ip in network for network in _OLD):
            return True
        ip = IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else ip.ipv4_mapped or ip.sixtofour or ip
    return not ip.is_global or ip.is_multicast


def proxy_for(origin: Origin) -> str | None:
    """The proxy of the environment that connects for us, and so resolves the name; None where there is none."""
    if proxy_bypass(origin.host):
        return None
    proxies = getproxies()
    found = proxies.get(origin.scheme) or proxies.get("all")
    return None if not found else found if "://" in found else f"http://{found}"


def is_literal(host: str) -> bool:
    """Whether a host is an address and no name, in any of the forms that systems understand."""
    try:
        socket.getaddrinfo(host, None, flags=socket.AI_NUMERICHOST)
    except OSError:
        return False
    return True


async def _resolved(origin: Origin) -> list[str]:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NoConnection(f"{origin.host} cannot be found: {error}", hint="look at the network") from error
    return [str(address[0]) for *_, address in found]


_HINT = "links inside a network are followed only where the user's own base address leads there"
