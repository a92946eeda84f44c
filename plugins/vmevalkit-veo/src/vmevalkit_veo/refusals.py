"""What Google means when it takes nothing: bad input, moderation, a wrong key, no money, a quota, or haste."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from vmevalkit_core import (
    AccountError,
    Answer,
    GenerationError,
    KeyRefused,
    ModeratedError,
    NoCredit,
    QuotaExhausted,
    RejectedError,
    Throttled,
)
from vmevalkit_veo.words import Said, is_moderation, said


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One of the two doors, for messages."""

    name: str
    submit: str
    """How the address of its paid request ends."""
    key: str
    """What to do about a key that is refused."""
    missing: str
    """What to do where it does not know the model."""


VERTEX = Service(
    name="Vertex AI",
    submit=":predictLongRunning",
    key="the account needs the role Vertex AI User in GOOGLE_CLOUD_PROJECT, and the project the Vertex AI API",
    missing="it may not be served in GOOGLE_CLOUD_LOCATION: try another region, such as us-central1",
)
GEMINI = Service(
    name="Gemini",
    submit="/interactions",
    key="set GOOGLE_API_KEY, which counts for more than GEMINI_API_KEY, to a key that is valid",
    missing="Google may have shut the model down: see `vmeval models list`",
)
_BILLING = "turn billing on, or add credit, for the project that the key belongs to; then run again"
_KEY_CODES = {"API_KEY_INVALID", "API_KEY_EXPIRED", "API_KEY_SERVICE_BLOCKED", "UNAUTHENTICATED"}
_POOR = ("prepay", "credits are depleted", "credit balance", "insufficient credit", "spend cap", "spending limit")


def refusal(answer: Answer, service: Service) -> GenerationError | None:
    """What a refusal means; None where its status says all. A refused poll says nothing about its job but the key."""
    if answer.status >= 500:
        return None
    words = said(answer)
    if _about_key(answer, words):
        return KeyRefused(f"{service.name} refuses the key: {words.message}", hint=service.key)
    if not answer.url.endswith(service.submit):
        return None
    sort = _SORTS.get(answer.status)
    return sort(words, answer, service) if sort else None


def account_refusal(answer: Answer, service: Service) -> AccountError | None:
    """What a refusal says of the key, its country and its money, whatever was asked; None where of none of them."""
    found = refusal(answer, replace(service, submit=""))
    return found if isinstance(found, AccountError) else None


def _about_key(answer: Answer, words: Said) -> bool:
    """Gemini calls a wrong key an invalid argument."""
    if answer.status == 403 and _no_billing(words):
        return False
    return answer.status in (401, 403) or bool(words.codes & _KEY_CODES) or "api key not valid" in words.message.lower()


def _invalid(words: Said, answer: Answer, service: Service) -> GenerationError:
    if _no_billing(words):
        return NoCredit(f"{service.name}: {words.message}", hint=_BILLING)
    if "location is not supported" in words.message.lower():
        hint = "Google does not serve this country; a project on Vertex AI may"
        return KeyRefused(f"{service.name}: {words.message}", hint=hint)
    if is_moderation(words.message):
        return ModeratedError(
            f"{service.name} refuses the content: {words.message}", hint="change the picture or the prompt"
        )
    return RejectedError(f"{service.name} refuses the request: {words.message}", hint="see: vmeval models show")


def _unpaid(words: Said, answer: Answer, service: Service) -> GenerationError:
    return NoCredit(f"{service.name}: {words.message}", hint=_BILLING)


def _unknown(words: Said, answer: Answer, service: Service) -> GenerationError:
    return RejectedError(f"{service.name} does not know the model: {words.message}", hint=service.missing)


def _too_much(words: Said, answer: Answer, service: Service) -> GenerationError | None:
    """Haste, a quota and an empty account share status and code; only the words and the details tell them apart."""
    text = words.message.lower()
    if any(sign in text for sign in _POOR):
        return NoCredit(f"{service.name}: {words.message}", hint=_BILLING)
    if answer.retry_after is not None:
        return None
    daily = "perday" in words.quotas.lower() or "per day" in text or "daily" in text
    # The sentence about plan and billing stands in every refusal; a pause is named where it is one of a minute.
    if daily or ("current quota" in text and words.retry_after is None):
        hint = "run again when the quota is new, or ask Google for a higher one"
        message = f"{service.name}'s quota is used up: {words.message}"
        return QuotaExhausted(message, retry_after=words.retry_after, hint=hint)
    return Throttled(f"{service.name} asks for patience: {words.message}", retry_after=words.retry_after)


def _no_billing(words: Said) -> bool:
    text = words.message.lower()
    needs_it = "billing" in text and ("enable" in text or "requires" in text or "disabled" in text)
    return "BILLING_DISABLED" in words.codes or needs_it


_SORTS: dict[int, Callable[[Said, Answer, Service], GenerationError | None]] = {
    400: _invalid,
    402: _unpaid,
    403: _unpaid,
    404: _unknown,
    429: _too_much,
}
