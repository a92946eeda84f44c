"""Every error that users and plugins meet, sorted by what to do next.

VmevalError(message, hint)
├── UsageError                     exit 2: the user fixes it, nothing was spent
│   ├── ConfigError                a bad option or setting
│   ├── UnknownModel               also a ValueError
│   ├── MissingCredential          also a KeyError
│   ├── MissingFrame               also a FileNotFoundError
│   ├── MissingExtra               also an ImportError
│   ├── MissingWeights             also a FileNotFoundError
│   ├── PluginError                a plugin breaks its contract
│   ├── QuestionError              a task pair that cannot be read
│   ├── ChangedRuns                finished runs were asked differently
│   └── ClaimsUnavailable          the file system has no locks
├── RecordError                    a metadata.json that cannot be read
└── GenerationError                one run ended badly, the others go on
    ├── RetryableError             surely not taken, or only a read failed: a known 503, a cut download
    │   ├── Throttled              the vendor is busy, or asks for a pause: waited for, never a failure
    │   ├── NoConnection           no byte of the call has left
    │   └── NotAccepted            the vendor's own list proves that it never took the request
    ├── AccountError               surely not taken, nor would the next be: no more is sent for this model
    │   ├── KeyRefused             the key is wrong, or may not use the model
    │   ├── NoCredit               the account has no money left
    │   ├── CeilingReached         --max-cost is used up; exit 3
    │   ├── OutputUnwritable       the disk of the results is full, read-only or broken
    │   ├── QuotaExhausted         the vendor's quota, of the day for instance, is used up
    │   └── VendorBroken           answer after answer is lost or broken
    ├── RejectedError              bad input: recorded, never retried
    │   └── ModeratedError         by the vendor's moderation
    ├── JobFailed                  the vendor accepted the job and failed it
    ├── ModelError                 a local model broke on this run
    │   └── WorkerLost             its process crashed, hung or was killed
    ├── UnfinishedJob              the job goes on at the vendor, this process waits no longer
    ├── UnfinishedRun              the Python API's word for a run that neither succeeded nor failed
    ├── ClipError                  what came back is not a whole video
    ├── LostAnswer                 a call has left and its answer did not come whole
    ├── UnsafeLink                 a link of the vendor's that is not followed
    └── UncertainSubmitError       may have been billed: never sent again by itself
"""

from __future__ import annotations

from decimal import Decimal


class VmevalError(Exception):
    """One sentence that names the thing and the cause; `hint` names the fix."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        # KeyError, one of our natural bases, would show the message in quotes.
        return self.message


class UsageError(VmevalError):
    """The user has to change something; nothing was sent and nothing was spent."""

    exit_code = 2


class ConfigError(UsageError):
    """An option or a setting has a value that cannot be used."""


class UnknownModel(UsageError, ValueError):
    """No installed plugin offers a model of that name."""


class MissingCredential(UsageError, KeyError):
    """A model needs an environment variable that is not set."""


class MissingFrame(UsageError, FileNotFoundError):
    """A task pair lacks an image that the model has to be shown."""


class MissingExtra(UsageError, ImportError):
    """A model needs a package that is not installed."""


class MissingWeights(UsageError, FileNotFoundError):
    """The weights of a local model are not on this machine."""


class PluginError(UsageError):
    """A plugin does not keep the plugin contract."""


class QuestionError(UsageError):
    """A task pair, or a folder of them, cannot be read."""


class ChangedRuns(UsageError):
    """Finished runs were asked differently from what is asked now."""


class ClaimsUnavailable(UsageError):
    """The file system of the output folder cannot lock, so runs cannot be claimed."""


class RecordError(VmevalError):
    """A metadata.json is damaged or was written by a newer version."""


class GenerationError(VmevalError):
    """One run ended without a clip; the other runs go on."""

    def __init__(
        self, message: str, *, hint: str = "", generation_id: str | None = None, charged: Decimal | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.generation_id = generation_id
        self.charged = charged
        """US dollars that the vendor says it kept for a job that failed; None when he does not say."""


class RetryableError(GenerationError):
    """The same call again, not before `retry_after` seconds.

    From `submit`, or from `generate` before `job.submitted`: the vendor surely did not take the request.
    From `poll`, `fetch` or `find`: only the question failed, the job goes on.
    """

    def __init__(
        self, message: str, *, retry_after: float | None = None, hint: str = "", generation_id: str | None = None
    ) -> None:
        super().__init__(message, hint=hint, generation_id=generation_id)
        self.retry_after = retry_after


class NotAccepted(RetryableError):
    """The vendor's complete list does not hold the request, so sending it again cannot pay twice."""


class Throttled(RetryableError):
    """The vendor took nothing and asks for patience: too many calls, or too many jobs at once."""


class NoConnection(RetryableError):
    """The vendor could not be reached, so no byte of the call has left."""


class AccountError(GenerationError):
    """The vendor took nothing and will not take the next request either, until the user has mended something.

    The run keeps waiting: the same command sends it later. Raised from `submit`, it ends the sending for the model.
    """


class KeyRefused(AccountError):
    """The key is wrong, has expired, or may not use this model."""


class NoCredit(AccountError):
    """The account has no money left."""


class CeilingReached(AccountError):
    """The experiment has spent what it may."""

    exit_code = 3


class OutputUnwritable(AccountError):
    """What is sent could not be put on record, so nothing more is sent, for any model."""


class QuotaExhausted(AccountError):
    """The account's quota is used up; `retry_after` seconds from now there may be a new one."""

    def __init__(
        self, message: str, *, retry_after: float | None = None, hint: str = "", generation_id: str | None = None
    ) -> None:
        super().__init__(message, hint=hint, generation_id=generation_id)
        self.retry_after = retry_after


class VendorBroken(AccountError):
    """So many answers in a row were lost or broken that nothing more is risked."""


class RejectedError(GenerationError):
    """The vendor refused this input, by moderation or by its rules."""


class ModeratedError(RejectedError):
    """The vendor's moderation refused the prompt, the picture or the clip."""


class JobFailed(GenerationError):
    """The vendor took the job and reports that it failed."""


class ModelError(GenerationError):
    """A local model could not draw this clip: out of memory, numbers that are none, a fault in its code."""


class WorkerLost(ModelError):
    """The process of a local model crashed, hung or was killed."""


class UnfinishedJob(GenerationError):
    """The job was not finished by the deadline; a later command goes on waiting for it."""


class UnfinishedRun(GenerationError):
    """A run that neither succeeded nor failed, so far; the same call again takes it up where it stands."""

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        generation_id: str | None = None,
        status: str = "blocked",
        folder: str | None = None,
        model: str = "",
        domain: str = "",
        question_id: str = "",
        sample: int = 0,
    ) -> None:
        super().__init__(message, hint=hint, generation_id=generation_id)
        self.model = model
        self.domain = domain
        self.question_id = question_id
        self.sample = sample
        self.status = status
        """`submitted`, `uncertain`, `submitting`, `running` or `cancelled`, as in its record; `blocked`: nothing was
        sent, the message says why; `stopped`: nor was it here, by the user; `damaged`: its record cannot be read;
        `unrecorded`: the disk refused the record."""
        self.folder = folder
        """The run folder, where there is one."""


class ClipError(GenerationError):
    """The file is not a video that decodes to its last frame."""


class LostAnswer(GenerationError):
    """A call has left, and its answer did not come, was cut, or cannot be read."""


class UnsafeLink(GenerationError):
    """A link that is not followed: it leads to an address inside a network, or is no http link."""


class UncertainSubmitError(GenerationError):
    """The answer to a paid request was lost: it may have been billed."""
