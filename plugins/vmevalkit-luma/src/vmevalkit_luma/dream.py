"""The calls to Luma's older API, Dream Machine: it fetches pictures itself, so they are uploaded to a bucket first."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import vmevalkit_core as core
from vmevalkit_core import (
    Account,
    Answer,
    Candidate,
    Context,
    Done,
    Failed,
    GenerationRequest,
    ImageRef,
    ModelSpec,
    Pending,
    S3ImageUploader,
    Submission,
    UsageError,
)
from vmevalkit_luma import answers, errors, payload
from vmevalkit_luma.client import JOBS, Luma
from vmevalkit_luma.plugin import DREAM_KEYS, DREAM_URL, WAYS_OUT

CREDITS = "/credits"
PAGE, PAGES = 100, 10
"""Jobs on a page of the list, and pages that are looked at."""
SKEW = timedelta(minutes=5)
"""How far Luma's clock and ours may be apart."""


class DreamMachine(Luma):
    """Ray 2 and Ray Flash 2. A lost job is found in Luma's list by our mark in the link of its picture."""

    keys = DREAM_KEYS
    create = f"{JOBS}/video"
    base_url = "https://api.lumalabs.ai/dream-machine/v1"
    base_url_env = DREAM_URL
    # After that the bucket is asked again: somebody may have removed the picture.
    hosted_for = 600.0

    def __init__(self, spec: ModelSpec, context: Context) -> None:
        super().__init__(spec, context)
        self._storage: S3ImageUploader | None = None
        self._making = threading.Lock()

    async def host(self, image: ImageRef) -> str | None:
        """The key under which the user's bucket holds the picture; each run then signs a link of its own."""
        return await self._stored(lambda storage: storage.store_image(image.path))

    async def submit(self, request: GenerationRequest) -> Submission:
        """The one paid call, with a link whose life begins now, and which no other run has."""
        key, mark = (request.first_frame and request.first_frame.link) or "", answers.mark(request.token)
        link = await self._stored(lambda storage: storage.link(key, mark=mark)) if key else ""
        body = payload.dream_body(self.spec.provider_model, request, link)
        return self._named(await self.call("POST", self.create, json=body))

    def state(self, answer: Answer) -> Pending | Done | Failed:
        """Where a job stands."""
        return answers.dream_state(answer.json())

    async def find(self, request: GenerationRequest, sent_between: tuple[datetime, datetime]) -> list[Candidate]:
        """The job with our mark, else those with the same prompt that were made at that time."""
        since, until = sent_between
        found: list[Candidate] = []
        for page in range(PAGES):
            rows, more = _page((await self.call("GET", JOBS, query={"limit": PAGE, "offset": page * PAGE})).json())
            found += answers.candidates(rows, request, since - SKEW, until + SKEW)
            if not more or any(one.exact for one in found):
                break
        return found

    async def check_account(self) -> Account:
        """What the account holds."""
        return answers.balance((await self.call("GET", CREDITS)).json())

    async def _stored(self, use: Callable[[S3ImageUploader], str]) -> str:
        """What the storage answers, in a thread; StorageUnusable when the user has to mend something first."""
        try:
            return await asyncio.to_thread(lambda: use(self._uploader()))
        except UsageError as error:
            raise errors.StorageUnusable(error.message, hint=f"{error.hint} ({WAYS_OUT})") from error
        except core.RetryableError as error:
            raise errors.RetryableError(error.message, hint=error.hint) from error

    def _uploader(self) -> S3ImageUploader:
        # Not before the first upload: a job of an earlier process is collected without any storage.
        with self._making:
            self._storage = self._storage or S3ImageUploader(env=self.context.env)
            return self._storage


def _page(answer: Any) -> tuple[list[Any], bool]:
    """The jobs on a page of the list, and whether there are more."""
    rows = answer.get("generations") if isinstance(answer, dict) else None
    if not isinstance(rows, list):
        raise errors.RetryableError(f"Luma's list of jobs makes no sense: {answers.clipped(answer)}")
    more = answer.get("has_more")
    return rows, bool(rows) and (more if isinstance(more, bool) else len(rows) == PAGE)
