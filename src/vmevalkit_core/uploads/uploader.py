"""Pictures in a bucket of the user's own, and the links under which a vendor may fetch them for a while."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vmevalkit_core.environment import environment
from vmevalkit_core.errors import ConfigError, MissingFrame, QuestionError
from vmevalkit_core.uploads.refusals import explained
from vmevalkit_core.uploads.storage import new_client, place_of

LINK_SECONDS = 3 * 86_400
"""How long a link lives. A vendor may fetch the picture late, from his own queue, and a job is given up 48 hours after
it was sent (`ApiGenerator.deadline`): a day more, and a link outlives its job. The longer, the worse if it leaks."""
LONGEST_LINK = 7 * 86_400
"""What SigV4 allows."""
PREFIX = "vmevalkit/"
_MARK = re.compile(r"[A-Za-z0-9_-]{1,100}")
_ABSENT = {"404", "NoSuchKey", "NotFound", "403", "400", "301"}
"""What a store says of a key that it does not have, 403 to those who may not list the bucket; or of a request that it
does not like. Such answers have no body: what is wrong, the upload is told."""


class S3ImageUploader:
    """Uploads pictures to an S3 bucket and signs links to them; may be shared by threads.

    Bucket, region, endpoint and keys come from the arguments, else from `env`, by default the environment and `.env`:
    `S3_BUCKET`, `AWS_DEFAULT_REGION`, `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID` with
    `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`, `AWS_PROFILE`, and whatever else boto3 finds. What is missing is
    named at once: MissingExtra, MissingCredential, ConfigError. Objects stay private. A link is a secret: whoever has
    it can fetch the picture until it expires, which it also does when temporary credentials that signed it do.
    """

    def __init__(
        self,
        bucket: str | None = None,
        *,
        region: str | None = None,
        endpoint: str | None = None,
        prefix: str = PREFIX,
        link_seconds: int = LINK_SECONDS,
        env: Mapping[str, str] | None = None,
    ) -> None:
        if not 1 <= link_seconds <= LONGEST_LINK:
            raise ConfigError(f"a link lives from 1 to {LONGEST_LINK} seconds, not {link_seconds}")
        env = environment() if env is None else env
        self._place = place_of(env, bucket, region, endpoint)
        self._client = new_client(self._place, env)
        self._prefix, self._link_seconds = prefix, link_seconds
        self._uploaded: set[str] = set()
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    @property
    def bucket(self) -> str:
        """The name of the bucket."""
        return self._place.bucket

    def upload_image(self, path: str | Path) -> str:
        """A signed link to a picture, which is uploaded unless the bucket holds it already.

        MissingFrame or QuestionError for a file that is no picture; ConfigError, MissingCredential; RetryableError.
        """
        return self.link(self.store_image(path))

    def store_image(self, path: str | Path) -> str:
        """The key under which the bucket holds a picture from now on; the same errors as `upload_image`."""
        data = _read(Path(path))
        kind = _kind(data, path)
        key = f"{self._prefix}{hashlib.sha256(data).hexdigest()}.{kind}"
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        # Threads with the same picture wait for the one that uploads it.
        with lock, explained(self.bucket):
            if not self._is_there(key, len(data)):
                self._client.put_object(Bucket=self.bucket, Key=key, Body=data, ContentType=f"image/{kind}")
                with self._lock:
                    self._uploaded.add(key)
        return key

    def link(self, key: str, *, mark: str = "") -> str:
        """A new signed link to an object.

        `mark` stands in it, as the name of the file: letters, digits, `-` and `_`, by which a vendor's list of jobs
        tells one run from another.
        """
        asked = {"Bucket": self.bucket, "Key": key}
        if mark:
            if not _MARK.fullmatch(mark):
                raise ValueError(f"{mark!r} cannot stand in a link")
            asked["ResponseContentDisposition"] = f"inline; filename={mark}.{key.rpartition('.')[2]}"
        with explained(self.bucket):
            return str(self._client.generate_presigned_url("get_object", Params=asked, ExpiresIn=self._link_seconds))

    def clean_up(self) -> int:
        """Remove what this uploader has uploaded, and nothing that was there before; how many objects that were.

        Only when every job that was given a link has ended, in other processes too: they share what is uploaded.
        """
        removed = 0
        with explained(self.bucket):
            while key := self._newest():
                self._client.delete_object(Bucket=self.bucket, Key=key)
                with self._lock:
                    self._uploaded.discard(key)
                removed += 1
        return removed

    def _newest(self) -> str | None:
        with self._lock:
            return next(iter(self._uploaded), None)

    def _is_there(self, key: str, size: int) -> bool:
        from botocore.exceptions import ClientError

        try:
            found: dict[str, Any] = self._client.head_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if str(error.response.get("Error", {}).get("Code", "")) in _ABSENT:
                return False
            raise
        return bool(found.get("ContentLength") == size)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise MissingFrame(f"there is no picture {path}", hint="look at the path") from error
    except OSError as error:
        raise QuestionError(f"{path} cannot be read: {error.strerror}") from error


def _kind(data: bytes, path: str | Path) -> str:
    """`png`, `jpeg` or `webp`, by the content of a file."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "webp"
    raise QuestionError(f"{path} is no PNG, JPEG or WebP picture", hint="save it again as a PNG")
