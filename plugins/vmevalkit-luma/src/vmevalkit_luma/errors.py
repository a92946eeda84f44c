"""Luma's failures: each is a `LumaAPIError`, and the error of the kit that says what to do next."""

from __future__ import annotations

import vmevalkit_core as core


class LumaAPIError(core.GenerationError):
    """Luma refused, failed or lost something; the base of all errors of this plugin.

    Its subclasses have the names of the kit's own, so that records of all vendors can be counted alike.
    """


class KeyRefused(LumaAPIError, core.KeyRefused):
    """The key is wrong or disabled, or its account is suspended."""


class NoCredit(LumaAPIError, core.NoCredit):
    """The account has no credits left."""


class QuotaExhausted(LumaAPIError, core.QuotaExhausted):
    """Luma asks for a pause that no run waits for."""


class Throttled(LumaAPIError, core.Throttled):
    """Too many requests a minute, or too many jobs at once."""


class RejectedError(LumaAPIError, core.RejectedError):
    """Luma refuses the options, the prompt or the picture."""


class ModeratedError(LumaAPIError, core.ModeratedError):
    """Luma's moderation refused the prompt, the picture or the clip."""


class JobFailed(LumaAPIError, core.JobFailed):
    """Luma took the job and failed it."""


class RetryableError(LumaAPIError, core.RetryableError):
    """An answer made no sense, or the storage of the pictures is busy."""


class UncertainSubmitError(LumaAPIError, core.UncertainSubmitError):
    """Luma took the request and named no job."""


class StorageUnusable(LumaAPIError, core.AccountError):
    """Pictures cannot be uploaded, so nothing is sent until the user has mended that."""
