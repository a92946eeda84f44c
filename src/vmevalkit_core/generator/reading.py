"""Questions to a vendor: they cost nothing, so they are asked again until they are answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import TypeVar

from vmevalkit_core.errors import GenerationError, RetryableError, VmevalError
from vmevalkit_core.generator.vendor import VendorClient
from vmevalkit_core.retry import retried
from vmevalkit_core.status_codes import read_error, status_of
from vmevalkit_core.transport import Refusal

T = TypeVar("T")


async def read(vendor: VendorClient, call: Callable[[], Awaitable[T]], limit: float, *, of_api: bool = True) -> T:
    """What `call` answers, each try of it within `limit` seconds; RetryableError when no try is answered.

    Only refusals `of_api` are the plugin's to explain: those of a store behind a link are not the vendor's words. What
    is not of the API is a download, and its wait behind other downloads is no part of those seconds.
    """

    http = vendor.context.http
    pace = http.pace

    async def limited() -> T:
        try:
            async with nullcontext() if of_api else http.place(), asyncio.timeout(limit):
                answer = await call()
            pace.fine()
            return answer
        except TimeoutError as error:
            raise RetryableError(f"no answer within {limit:g} s") from error
        except Exception as error:
            if of_api and status_of(error) == 429:
                pace.slow(getattr(read_error(error), "retry_after", None))
            if known := (explained(vendor, error) if of_api else None) or read_error(error):
                raise known from error
            if of_api and (isinstance(error, Refusal) or not isinstance(error, VmevalError)):
                raise UnreadableAnswer(_said(error)) from error
            raise

    return await retried(limited, vendor.polling, vendor.context.clock)


class UnreadableAnswer(RetryableError):
    """A refusal, or an answer that the plugin stumbled over: passing, or a fault when it goes on."""


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, VmevalError) else f"{type(error).__name__}: {error}"


def explained(vendor: VendorClient, error: Exception) -> GenerationError | None:
    """What the plugin knows about a refusal."""
    if not isinstance(error, Refusal):
        return None
    try:
        return vendor.explain(error.response)
    except Exception:  # a refusal in an unknown shape is still a refusal: its status tells
        vendor.context.log.warning("%s could not explain a refusal", vendor.spec.name, exc_info=True)
        return None
