"""What the runs of a process share: the generators, the threads that write, the limits of each account."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from vmevalkit_core.clock import Clock
from vmevalkit_core.errors import MissingCredential
from vmevalkit_core.generator import Context
from vmevalkit_core.limits import Gate, Limiter, Pace
from vmevalkit_core.redact import Redactor, proxy_passwords
from vmevalkit_core.runner.disk import Disk
from vmevalkit_core.specs import ModelSpec
from vmevalkit_core.transport import Http
from vmevalkit_core.workers import Workers
from vmevalkit_core.workers.surroundings import cache_folder, where_weights_are

if TYPE_CHECKING:
    from vmevalkit_core.registry import Registry


class Account:
    """What the generators of one account share."""

    def __init__(self, concurrency: int, clock: Clock) -> None:
        self.limiter = Limiter(concurrency)
        self.http = Http(Pace(clock=clock))
        self.gate = Gate(clock)


class Workshop:
    """Kept by whoever made it for as many runners as he likes; each model is built once in it."""

    def __init__(
        self,
        registry: Registry,
        *,
        env: Mapping[str, str],
        concurrency: int = 8,
        interceptors: Sequence[str] = (),
        clock: Clock | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        self.registry = registry
        self.env = dict(env)
        self.concurrency = concurrency
        self.interceptors = tuple(interceptors)
        self.clock = clock or Clock()
        self.redactor = redactor or Redactor()
        self.redactor.add(proxy_passwords(self.env))
        self.disk = Disk()
        self.worker = Workers(registry, self._context, self.interceptors, env=self.env)
        self.lanes: dict[str, Limiter] = {}
        """How many runs are in flight, by account; for the runners that keep `concurrency`."""
        self.job_seconds: dict[str, list[float]] = {}
        """How long jobs took, by model, as far as records tell."""
        self._accounts: dict[str, Account] = {}

    def account(self, spec: ModelSpec) -> str | None:
        """8 hex digits of the hash of the key in use; MissingCredential names what is not set."""
        for need in spec.needs:
            if not need.is_met(self.env):
                names = " or ".join(need.names)
                raise MissingCredential(f"{spec.name} needs {names}, which is not set", hint=need.hint or _KEY_HINT)
        secrets = self._secrets(spec)
        self.redactor.add((*secrets, *(self.env.get(name, "") for name in spec.secrets)))
        return _hashed(secrets)

    async def close(self, grace: float) -> None:
        """Wait for what is being written, then let the generators give back what they hold, within `grace` seconds."""
        await self.disk.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await self.worker.close()
                for account in self._accounts.values():
                    await account.http.close()

    def _secrets(self, spec: ModelSpec) -> list[str]:
        return [self.env[name] for need in spec.needs if need.secret for name in need.names if self.env.get(name)]

    def _context(self, spec: ModelSpec) -> Context:
        declared = {name: self.env[name] for need in spec.needs for name in need.names if name in self.env}
        declared |= {name: self.env[name] for name in (*spec.settings, *spec.secrets) if self.env.get(name)}
        key = limit_key(spec, _hashed(self._secrets(spec)))
        if key not in self._accounts:
            self._accounts[key] = Account(self.concurrency, self.clock)
        shared = self._accounts[key]
        return Context(
            env=declared,
            limiter=shared.limiter,
            http=shared.http,
            gate=shared.gate,
            job_seconds=tuple(self.job_seconds.get(spec.name, ())),
            clock=self.clock,
            cache=cache_folder(self.env),
            local_env=where_weights_are(self.env),
        )


def limit_key(spec: ModelSpec, account: str | None) -> str:
    """What the limits of a model belong to: its vendor or device, and the account there."""
    return f"{spec.limit_key}:{account or 'local'}"


def _hashed(secrets: Sequence[str]) -> str | None:
    return hashlib.sha256(secrets[0].encode()).hexdigest()[:8] if secrets else None


_KEY_HINT = "set it in the environment or in a file .env in this folder"
