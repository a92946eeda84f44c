"""What WaveSpeed means when it takes nothing: bad input, an empty account, a wrong key, content it does not allow."""

from __future__ import annotations

import json
import re
from typing import Any

from vmevalkit_core import Answer, GenerationError, KeyRefused, ModeratedError, NoCredit, RejectedError
from vmevalkit_wavespeed.answers import MODERATED, clipped

POOR = re.compile(r"insufficient|balance|credit|top.?up|recharge|payment", re.IGNORECASE)
"""What stands in WaveSpeed's sentence when there is no money; its status for that is not documented."""
SURELY_POOR = re.compile(r"(insufficient|not enough|low)\b.*\b(balance|credit|fund)|top.?up|recharge", re.IGNORECASE)
"""The same beside status 400, which also tells of an insufficient resolution or the white balance of a picture."""

NO_MODEL = ("/media/uploads", "/balance")
"""Where the ways of the API end that are no model's: what is not found there says nothing about one."""


def refusal(answer: Answer) -> GenerationError | None:
    """What a refusal means, by its status and its sentence; None where the status says all.

    A refused look at a job or at the list says nothing about a job, unless it is about the key.
    """
    words = said(answer) or answer.text or f"status {answer.status}"
    if answer.status == 401:
        hint = "set WAVESPEED_API_KEY; a key that was made before the first top-up works once there is money"
        return KeyRefused(f"WaveSpeed refuses the key: {words}", hint=hint)
    if "/api/v3/predictions" in answer.url or answer.status not in (400, 402, 403, 404, 422):
        return None
    poor = SURELY_POOR if answer.status == 400 else POOR
    if answer.status in (400, 402, 403) and poor.search(words):
        return NoCredit(f"WaveSpeed: {words}", hint="top up at https://wavespeed.ai, then run the same command again")
    if answer.status in (400, 403, 422) and MODERATED.search(words):
        return ModeratedError(f"WaveSpeed refuses the content: {words}", hint="change the picture or the prompt")
    if answer.status in (400, 422):
        return RejectedError(f"WaveSpeed refuses the request: {words}", hint="see: vmeval models show")
    if answer.status == 404 and not answer.url.endswith(NO_MODEL):
        return RejectedError(f"WaveSpeed does not have this model: {words}", hint="see https://wavespeed.ai/models")
    return None


def said(answer: Answer) -> str:
    """WaveSpeed's sentence; empty where a refusal is somebody else's, such as a gateway's."""
    try:
        body: Any = json.loads(answer.body)
    except (ValueError, RecursionError):
        body = None
    sentence = body.get("message") if isinstance(body, dict) else None
    return clipped(sentence).rstrip(".") if isinstance(sentence, str) else ""
