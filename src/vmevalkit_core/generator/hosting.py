"""Pictures for vendors that fetch them: uploaded before the paid request, and kept in mind for the next one."""

from __future__ import annotations

import asyncio

from vmevalkit_core.errors import RetryableError, Throttled
from vmevalkit_core.generator.reading import read
from vmevalkit_core.generator.vendor import VendorClient
from vmevalkit_core.records import GenerationRequest, ImageRef
from vmevalkit_core.status_codes import status_of


class Hosting:
    """The links of one generator's pictures, by their content."""

    def __init__(self, vendor: VendorClient) -> None:
        self._vendor = vendor
        self._links: dict[str, tuple[str, float]] = {}
        self._uploading: dict[str, asyncio.Lock] = {}

    async def hosted(self, request: GenerationRequest) -> GenerationRequest:
        """The request with a link in each picture that the vendor's `host` gives one."""
        found = {}
        for name in ("first_frame", "final_frame"):
            image: ImageRef | None = getattr(request, name)
            if image and (link := await self._link(image)):
                found[name] = image.model_copy(update={"link": link})
        return request.model_copy(update=found) if found else request

    async def _link(self, image: ImageRef) -> str | None:
        # Several samples of one picture start together: one of them uploads, the others wait for its link.
        async with self._uploading.setdefault(image.sha256, asyncio.Lock()):
            link, until = self._links.get(image.sha256, ("", 0.0))
            if link and self._vendor.context.clock.monotonic() < until:
                return link
            try:
                made = await read(self._vendor, lambda: self._vendor.host(image), self._vendor.fetch_timeout)
            except RetryableError as error:
                if error.__cause__ is not None and status_of(error.__cause__) == 429:
                    raise Throttled(error.message, retry_after=error.retry_after) from error
                raise
            if made:
                self._links[image.sha256] = made, self._vendor.context.clock.monotonic() + self._vendor.hosted_for
            return made
