"""The models that Google has shut down: listed, so that old experiments keep their names, and never called."""

from __future__ import annotations

from vmevalkit_core import ApiGenerator, Done, Failed, GenerationRequest, Pending, Submission, UsageError


class ClosedVeo(ApiGenerator):
    """A Veo behind a key of the Gemini API; every call of these answers 404, so none is made."""

    async def submit(self, request: GenerationRequest) -> Submission:
        """UsageError: nothing is sent."""
        raise self._shut()

    async def poll(self, submission: Submission) -> Pending | Done | Failed:
        """UsageError: Google kept videos for two days."""
        raise self._shut()

    def _shut(self) -> UsageError:
        message = f"Google has shut {self.spec.name} down, so nothing is sent"
        return UsageError(message, hint=f"run {self.spec.state.successor} instead")
