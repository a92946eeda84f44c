"""Real S3 servers on loopback: moto for behaviour, nanio for signatures and the age of links."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

KEY_ID, KEY_SECRET = "AKIAOFATEST000000", "secret-of-a-test-0000"
BUCKET = "pictures"
_LISTENS = re.compile(r"unning on (http://127\.0\.0\.1:\d+)")


@contextmanager
def moto() -> Iterator[str]:
    """The address of a moto server without buckets; it takes any key."""
    pytest.importorskip("moto")
    pytest.importorskip("flask_cors")
    with _server([sys.executable, "-c", _MOTO, "-H", "127.0.0.1", "-p", "0"]) as url:
        yield url


@contextmanager
def nanio(folder: Path) -> Iterator[str]:
    """The address of a nanio server with the bucket `pictures`; it compares signatures and lets links expire."""
    pytest.importorskip("nanio")
    (folder / BUCKET).mkdir(parents=True)
    line = [sys.executable, "-m", "uvicorn", "nanio.app:build_app", "--factory", "--host", "127.0.0.1", "--port", "0"]
    with _server(line, NANIO_DATA_DIR=str(folder), NANIO_ACCESS_KEY=KEY_ID, NANIO_SECRET_KEY=KEY_SECRET) as url:
        yield url


def env_of(url: str, **changes: str) -> dict[str, str]:
    """What a user of such a server sets."""
    keys = {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": KEY_SECRET}
    return {"S3_BUCKET": BUCKET, "AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL_S3": url, **keys, **changes}


def client_of(url: str) -> Any:
    """A client without anything of ours."""
    boto3 = pytest.importorskip("boto3")
    session = boto3.Session(KEY_ID, KEY_SECRET, region_name="us-east-1")
    return session.client("s3", endpoint_url=url)


def keys(client: Any) -> list[str]:
    """What the bucket holds."""
    return [one["Key"] for one in client.list_objects_v2(Bucket=BUCKET).get("Contents", ())]


def fetched(link: str) -> tuple[int, bytes]:
    """What a vendor without any key gets."""
    try:
        with urlopen(link) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        with error:
            return error.code, b""


@contextmanager
def _server(line: list[str], **env: str) -> Iterator[str]:
    with subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, **env}
    ) as process:
        assert process.stdout
        try:
            said: list[str] = []
            for words in process.stdout:
                said.append(words)
                if found := _LISTENS.search(words):
                    break
            else:
                raise AssertionError("".join(said))
            yield found[1]
        finally:
            process.terminate()
            process.stdout.read()


_MOTO = "from moto.server import main; main()"
