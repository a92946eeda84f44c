"""What a plugin writes for a vendor, and the calls that it writes it with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from vmevalkit_core.errors import (
    ConfigError,
    GenerationError,
    JobFailed,
    ModeratedError,
    PluginError,
    RejectedError,
    UsageError,
)
from vmevalkit_core.generator.contract import Account, Context
from vmevalkit_core.records import Candidate, Done, Failed, GenerationRequest, ImageRef, Pending, Submission
from vmevalkit_core.retry import POLL, RetryPolicy
from vmevalkit_core.specs import ModelSpec
from vmevalkit_core.transport import Answer, Refusal


class VendorClient(ABC):
    """The hooks and figures of a vendor; `ApiGenerator` puts them in order."""

    base_url: str = ""
    """Where `call` goes, without the last slash."""
    base_url_env: str = ""
    """The variable that holds another one; the spec names it in `settings`."""
    requests_per_second: float = 20.0
    """How fast the account is called, at most."""
    poll_least: float = 2.0
    """Seconds between two polls of a job, at least."""
    poll_most: float = 120.0
    """Seconds between two polls of a job, at most."""
    patience: float = 3600.0
    """Seconds after which this process stops waiting for a job; the run stays submitted."""
    deadline: float = 48 * 3600.0
    """Seconds after which a job that is still not finished counts as failed, whoever waited for it."""
    submit_timeout: float = 60.0
    """Seconds that a submit may take at most; after that it is uncertain."""
    poll_timeout: float = 60.0
    """Seconds that a poll, or another question, may take at most."""
    fetch_timeout: float = 600.0
    """Seconds that a download may take at most; its wait behind other downloads does not count."""
    unknown_pause: float = 10.0
    """Seconds until a job that a poll did not know is asked about again."""
    unknown_for: float = 300.0
    """Seconds for which polls may not know a job before this process stops waiting; the run stays submitted."""
    settle: float = 30.0
    """Seconds after the time-out of a lost submit during which its job may still appear in the vendor's list."""
    look_again: float = 10.0
    """Seconds between the two looks at that list."""
    lists_every_job: bool = False
    """True where `find` sees every job with our token: a request that it does not find was never taken."""
    hosted_for: float = 0.0
    """Seconds for which a link made by `host` may be used for further runs with the same picture."""
    results_kept: str = ""
    """How long the vendor keeps a video, in words: `24 hours`."""
    lost_in_a_row: int = 5
    """Submits in a row whose answer may be lost before nothing more is risked."""
    polling: RetryPolicy = POLL
    """How often, and for how long, a poll, a look at the list or a download is tried again when it fails."""

    def __init__(self, spec: ModelSpec, context: Context) -> None:
        self.spec = spec
        self.context = context
        self.address = (context.env.get(self.base_url_env) or self.base_url).rstrip("/")
        """The base address in use."""
        _check_address(self.address, self.base_url_env)
        context.http.pace.at_most(self.requests_per_second)

    @abstractmethod
    async def submit(self, request: GenerationRequest) -> Submission:
        """Send the request once. RetryableError only when the vendor surely did not take it."""

    @abstractmethod
    async def poll(self, submission: Submission) -> Pending | Done | Failed:
        """Ask how the job is. RetryableError when the question, not the job, failed."""

    async def fetch(self, done: Done, path: Path) -> None:
        """Write the video to `path`: what `done.video_url` leads to, asked for without any credential."""
        await self.download(done.video_url or "", path)

    async def find(self, request: GenerationRequest, sent_between: tuple[datetime, datetime]) -> list[Candidate]:
        """Jobs at the vendor that may be this request; override where the vendor can list them."""
        raise NotImplementedError

    async def cancel(self, submission: Submission) -> None:
        """Ask the vendor to stop a job; override where he can."""
        raise NotImplementedError

    async def host(self, image: ImageRef) -> str | None:
        """The link under which the vendor reaches a picture, from an upload that costs nothing; None: bytes are sent.

        It arrives in `submit` as `request.first_frame.link`.
        """
        return None

    async def check_account(self) -> Account:
        """What the vendor says of the key and its credit; override where a call that costs nothing tells.

        It is made by `vmeval doctor --online` only. A refusal is the error that `explain`, or its status, makes of it.
        """
        raise NotImplementedError

    def headers(self) -> Mapping[str, str]:
        """The headers of every call, credentials among them; downloads and redirects never carry them."""
        return {}

    def explain(self, answer: Answer) -> GenerationError | None:
        """What a refusal of the vendor's means; None leaves it to its status. Never for a submit that may be taken."""
        return None

    def failure(self, answer: Failed, submission: Submission) -> GenerationError:
        """The error of a job that the vendor failed; a plugin may raise classes of its own, derived from these."""
        kind = ModeratedError if answer.moderated else RejectedError if answer.rejected else JobFailed
        return kind(answer.reason, hint=answer.hint, generation_id=submission.id, charged=answer.cost)

    async def call(self, method: str, path: str, *, ok: Collection[int] = (200, 201, 202, 204), **parts: Any) -> Answer:
        """The answer to a call of the vendor's API, its status one of `ok`; Refusal, NoConnection or LostAnswer.

        `parts` are those of `Http.call`: json, query, form, files, content, headers, within, through. `path` may be a
        whole link, for a signed upload say; credentials go to the base address only.
        """
        ours = not path.lower().startswith(("http://", "https://"))
        if ours and not path.startswith("/"):
            raise PluginError(f"{self.spec.name} calls {path[:40]!r}, which is no path", hint="a path begins with /")
        given = dict(parts.pop("headers", None) or {})
        headers = {**self.headers(), **given} if ours else given
        url = self.address + path if ours else path
        answer = await self.context.http.call(
            method, url, headers=headers, foreign=not ours, trusted=self.trusted, **parts
        )
        if answer.status not in ok:
            raise Refusal(answer)
        return answer

    async def download(self, url: str, path: Path, *, headers: Mapping[str, str] | None = None) -> None:
        """Write what a link leads to; `headers` go to its own origin only. The user's own base address is trusted."""
        await self.context.http.download(url, path, headers=headers, trusted=self.trusted, within=self.fetch_timeout)

    @property
    def can_find(self) -> bool:
        """Whether the vendor can list jobs."""
        return type(self).find is not VendorClient.find

    @property
    def can_cancel(self) -> bool:
        """Whether the vendor can stop jobs."""
        return type(self).cancel is not VendorClient.cancel

    @property
    def trusted(self) -> list[str]:
        """Origins to which links may lead also inside a network: the base address that the user set himself."""
        own = self.context.env.get(self.base_url_env, "")
        return [own] if own else []

    def addressed(self, submission: Submission) -> Submission:
        """The submission with the address that took it."""
        resume = {"address": self.address, **submission.resume} if self.address else submission.resume
        return submission.model_copy(update={"resume": resume})

    def check_address(self, submission: Submission) -> None:
        """UsageError when the job was sent elsewhere: a key must not go to an address that only a record names."""
        then = submission.resume.get("address", self.address)
        if then != self.address:
            raise UsageError(
                f"job {submission.id} was sent to {then}, and the base address is {self.address} now",
                hint=f"set {self.base_url_env or 'the base address'} to {then} and run again",
            )


def _check_address(address: str, variable: str) -> None:
    """ConfigError for a base address that could not be kept on record, or not be called."""
    if not address:
        return
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        parts, usable = urlsplit(""), None
    if not usable:
        raise ConfigError(f"{variable or 'the base address'} is no http address", hint="such as https://api.example")
    if parts.query or parts.fragment:
        raise ConfigError(
            f"{variable or 'the base address'} has a query", hint="paths are added to it, so it ends before"
        )
    if parts.username or parts.password:
        hint = "leave it out: the address is kept on record, and the key has a variable of its own"
        raise ConfigError(f"{variable or 'the base address'} holds a password", hint=hint)
