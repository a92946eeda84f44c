"""Fixtures of the tests of uploads: two servers, a bucket, a picture, and nothing of this machine's own settings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.stores import BUCKET, client_of, keys, moto, nanio
from vmevalkit_core import S3_SECRETS, S3_SETTINGS


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    """A moto server."""
    with moto() as url:
        yield url


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that looks at every signature."""
    with nanio(tmp_path_factory.mktemp("nanio")) as url:
        yield url


@pytest.fixture
def client(store: str) -> Iterator[Any]:
    """A client of the moto server, with an empty bucket."""
    found = client_of(store)
    found.create_bucket(Bucket=BUCKET)
    yield found
    for name in keys(found):
        found.delete_object(Bucket=BUCKET, Key=name)
    found.delete_bucket(Bucket=BUCKET)
    found.close()


@pytest.fixture(autouse=True)
def no_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of this machine's own AWS settings counts."""
    for name in (*S3_SETTINGS, *S3_SECRETS):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A small PNG."""
    path = tmp_path / "first_frame.png"
    Image.new("RGB", (64, 64), "navy").save(path)
    return path
