"""Questions to a vendor: they cost nothing, so they are asked again until they are answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from vmevalkit_core.errors import GenerationError, RetryableError
from vmevalkit_core.generator.vendor import VendorClient
from vmevalkit_core.retry import retried
from vmevalkit_core.status_codes import read_error
from vmevalkit_core.transport import Refusal

T = TypeVar("T")


async def read(vendor: VendorClient, call: Callable[[], Awaitable[T]], limit: float) -> T:
    """What `call` answers, each try of it within `limit` seconds; RetryableError when no try is answered."""

    async def limited() -> T:
        try:
            async with asyncio.timeout(limit):
                return await call()
        except TimeoutError as error:
            raise RetryableError(f"no answer within {limit:g} s") from error
        except Exception as error:
            if known := explained(vendor, error) or read_error(error):
                raise known from error
            raise

    return await retried(limited, vendor.polling, vendor.context.clock)


def explained(vendor: VendorClient, error: Exception) -> GenerationError | None:
    """What the plugin knows about a refusal."""
    return vendor.explain(error.response) if isinstance(error, Refusal) else None
