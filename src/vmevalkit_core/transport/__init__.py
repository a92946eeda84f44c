"""Calls and downloads, each with a deadline, a limit in bytes and a known fate. The only place that names httpx2."""

from vmevalkit_core.transport.answer import Answer, Refusal
from vmevalkit_core.transport.http import Http

__all__ = ["Answer", "Http", "Refusal"]
