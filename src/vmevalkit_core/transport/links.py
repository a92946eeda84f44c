"""How a link of somebody else's is approached: its addresses are looked at, then connected to, and to no others."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from vmevalkit_core.transport.addresses import origin_of, proxy_for, public_addresses, refuse_inward


@dataclass(frozen=True, slots=True)
class Approach:
    """What to ask the client for."""

    url: str
    headers: Mapping[str, str]
    extensions: dict[str, Any] = field(default_factory=dict)
    proxy: str | None = None
    """Through which it goes; decided here and nowhere else, or what was looked at would not be what is called."""


async def approaches(url: str, headers: Mapping[str, str], trusted: Collection[str] = ()) -> list[Approach]:
    """The ways to a link, the next for when one is closed; UnsafeLink where it leads inward and is not trusted."""
    origin = origin_of(url)
    proxy = proxy_for(origin)
    if origin in {origin_of(one) for one in trusted}:
        return [Approach(url, headers, proxy=proxy)]
    if proxy:
        await refuse_inward(origin)
        return [Approach(url, headers, proxy=proxy)]
    # To the very addresses that were looked at: a name may lead elsewhere when it is asked again.
    parts, ways = urlsplit(url), []
    for address in await public_addresses(origin):
        host = f"[{address}]" if ":" in address else address
        there = urlunsplit((origin.scheme, f"{host}:{origin.port}", parts.path, parts.query, ""))
        ways.append(Approach(there, {**headers, "Host": parts.netloc}, {"sni_hostname": origin.host}))
    return ways
