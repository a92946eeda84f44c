"""How a link of somebody else's is approached: its address is looked at, then connected to, and to no other."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from vmevalkit_core.transport.addresses import goes_through_proxy, is_literal, origin_of, public_address


@dataclass(frozen=True, slots=True)
class Approach:
    """What to ask the client for."""

    url: str
    headers: Mapping[str, str]
    extensions: dict[str, Any] = field(default_factory=dict)


async def approach(url: str, headers: Mapping[str, str], trusted: Collection[str] = ()) -> Approach:
    """The way to a link; UnsafeLink where it leads inward, and its origin is not one of `trusted`."""
    origin = origin_of(url)
    if origin in {origin_of(one) for one in trusted}:
        return Approach(url, headers)
    if goes_through_proxy(origin):
        if is_literal(origin.host):
            await public_address(origin)
        return Approach(url, headers)
    # To the very address that was looked at: a name may lead elsewhere when it is asked again.
    address = await public_address(origin)
    parts = urlsplit(url)
    host = f"[{address}]" if ":" in address else address
    there = urlunsplit((origin.scheme, f"{host}:{origin.port}", parts.path, parts.query, ""))
    return Approach(there, {**headers, "Host": parts.netloc}, {"sni_hostname": origin.host})
