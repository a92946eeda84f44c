"""What the errors of boto3 mean to a user: which of his settings is wrong, or that it is worth another try."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from vmevalkit_core.errors import ConfigError, MissingCredential, RetryableError, VmevalError
from vmevalkit_core.uploads.variables import KEY_ID, KEY_SECRET, KEY_TOKEN, REGION, S3_BUCKET

WRONG_KEY = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken", "TokenRefreshRequired"}
WRONG_REGION = {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}
BUSY = {"SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable", "RequestLimitExceeded", "Throttling"}


@contextmanager
def explained(bucket: str) -> Iterator[None]:
    """Turns what boto3 raises into errors of the kit."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise _refused(error.response, bucket) from error
    except BotoCoreError as error:
        raise _failed(error, bucket) from error


def _refused(response: dict[str, dict[str, str | int]], bucket: str) -> VmevalError:
    code = str(response.get("Error", {}).get("Code", ""))
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    said = f"{code}: {response.get('Error', {}).get('Message', '')}".rstrip(": ")
    if code in BUSY or status >= 500 or status == 429:
        return RetryableError(f"the storage of the bucket {bucket} answered {said or status}")
    if code == "NoSuchBucket":
        hint = f"create it, or set {S3_BUCKET} to one of yours"
        return ConfigError(f"there is no bucket {bucket}", hint=hint)
    if code in WRONG_KEY:
        hint = f"look at {KEY_ID}, {KEY_SECRET} and {KEY_TOKEN}, or at the profile"
        return ConfigError(f"the storage refuses the AWS credentials ({said})", hint=hint)
    if code == "RequestTimeTooSkewed":
        return ConfigError(f"the storage finds the clock of this machine wrong ({said})", hint="set the clock")
    if code in WRONG_REGION:
        return ConfigError(
            f"the bucket {bucket} seems to be in another region ({said})", hint=f"set {REGION} to the region it is in"
        )
    hint = "the credentials have to be allowed s3:PutObject, s3:GetObject and, for clean-ups, s3:DeleteObject"
    return ConfigError(f"the storage refuses the bucket {bucket} to these credentials ({said})", hint=hint)


def _failed(error: Exception, bucket: str) -> VmevalError:
    """Errors of the client itself, which differ in their names only."""
    name = type(error).__name__
    if "Credential" in name or "Token" in name or "SSO" in name or "Login" in name:
        return MissingCredential(f"the AWS credentials cannot be used: {error}", hint=f"set {KEY_ID} and {KEY_SECRET}")
    if name == "ParamValidationError":
        return ConfigError(f"{bucket!r} is no name of a bucket", hint=f"set {S3_BUCKET} to a name, without s3://")
    return RetryableError(f"the storage of the bucket {bucket} cannot be reached: {error}")
