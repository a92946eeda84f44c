"""What uploads need: each thing that is missing or wrong is named with its fix."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.stores import BUCKET, KEY_ID, KEY_SECRET, env_of, fetched, keys
from vmevalkit_core import (
    S3_SECRETS,
    S3_SETTINGS,
    ConfigError,
    MissingCredential,
    MissingExtra,
    MissingFrame,
    ModelSpec,
    Need,
    RetryableError,
    S3ImageUploader,
)
from vmevalkit_core.errors import QuestionError, UsageError
from vmevalkit_core.registry import Registry
from vmevalkit_core.runner.workshop import Workshop

pytest.importorskip("boto3")


@pytest.mark.parametrize("seconds", [0, -1, 604_801])
def test_link_of_an_impossible_age_is_refused(seconds: int) -> None:
    """Before anything is looked for."""
    with pytest.raises(ConfigError, match="lives from 1 to 604800 seconds"):
        S3ImageUploader(env={}, link_seconds=seconds)


MISSING = [
    ({"S3_BUCKET": ""}, MissingCredential, "S3_BUCKET is not set", "set S3_BUCKET"),
    ({"AWS_SECRET_ACCESS_KEY": ""}, MissingCredential, "AWS_SECRET_ACCESS_KEY is not", "set AWS_SECRET_ACCESS_KEY"),
    ({"AWS_ACCESS_KEY_ID": ""}, MissingCredential, "AWS_ACCESS_KEY_ID is not", "set AWS_ACCESS_KEY_ID"),
    (
        {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
        MissingCredential,
        "no AWS credentials are found",
        "AWS_PROFILE",
    ),
    (
        {"AWS_DEFAULT_REGION": "", "AWS_ENDPOINT_URL_S3": ""},
        MissingCredential,
        "AWS_DEFAULT_REGION is not set",
        "region of the bucket pictures",
    ),
    (
        {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_PROFILE": "nobody"},
        ConfigError,
        r"profile \(nobody\)",
        "AWS_PROFILE",
    ),
    ({"AWS_ENDPOINT_URL_S3": "s3.example"}, ConfigError, "AWS_ENDPOINT_URL_S3 is no address", "https://"),
]
"""What is changed in good settings, and what is told about it."""


@pytest.mark.parametrize(("changes", "kind", "words", "fix"), MISSING, ids=[one[2] for one in MISSING])
def test_what_is_missing_is_named(changes: dict[str, str], kind: type[UsageError], words: str, fix: str) -> None:
    """With its fix, when the uploader is made: nothing has been sent yet."""
    with pytest.raises(kind, match=words) as caught:
        S3ImageUploader(env=env_of("http://127.0.0.1:9", **changes))
    assert fix in caught.value.hint


def test_missing_package_is_named(tmp_path: Path) -> None:
    """With the line that installs it."""
    (tmp_path / "boto3.py").write_text("raise ImportError('no boto3 here')")
    code = f"import vmevalkit_core as v; v.S3ImageUploader(env={env_of('http://127.0.0.1:9')!r})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": str(tmp_path)}, check=False
    )
    assert MissingExtra.__name__ in done.stderr
    assert "boto3, which is not installed" in done.stderr


def test_uploader_imports_boto3_on_use_only() -> None:
    """It takes as long as many plugins."""
    code = "import sys; from vmevalkit_core import S3ImageUploader, S3_SETTINGS; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"boto3", "botocore", "pydantic", "PIL", "httpx2"} & {
        name.partition(".")[0] for name in done.stdout.split()
    }


def test_bucket_that_is_not_there_is_named(client: Any, store: str, picture: Path) -> None:
    """It is not made in passing."""
    with pytest.raises(ConfigError, match="there is no bucket nowhere-at-all") as caught:
        S3ImageUploader(env=env_of(store, S3_BUCKET="nowhere-at-all")).upload_image(picture)
    assert "S3_BUCKET" in caught.value.hint


def test_address_in_place_of_a_bucket_is_named(store: str, picture: Path) -> None:
    """A slip that many make."""
    with pytest.raises(ConfigError, match="'s3://pictures' is no name of a bucket"):
        S3ImageUploader(env=env_of(store, S3_BUCKET="s3://pictures")).upload_image(picture)


@pytest.mark.parametrize("changes", [{"AWS_SECRET_ACCESS_KEY": "wrong"}, {"AWS_ACCESS_KEY_ID": "AKIAWRONG"}])
def test_wrong_key_is_named(strict: str, picture: Path, changes: dict[str, str]) -> None:
    """By the server that compares signatures; nothing of the keys stands in the message."""
    env = env_of(strict, **changes)
    with pytest.raises(ConfigError, match="the storage refuses the AWS credentials") as caught:
        S3ImageUploader(env=env).upload_image(picture)
    assert "AWS_SECRET_ACCESS_KEY" in caught.value.hint
    assert not [name for name in (env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"]) if name in str(caught.value)]


def test_storage_that_is_away_is_tried_again(picture: Path) -> None:
    """It is nothing that the user has to mend."""
    with pytest.raises(RetryableError, match="the bucket pictures cannot be reached"):
        S3ImageUploader(env=env_of("http://127.0.0.1:9")).upload_image(picture)


def test_file_that_is_no_picture_is_never_uploaded(client: Any, store: str, tmp_path: Path) -> None:
    """Nor one that is not there."""
    uploader = S3ImageUploader(env=env_of(store))
    (tmp_path / "frame.png").write_text("secret notes")
    with pytest.raises(QuestionError, match=r"frame\.png is no PNG, JPEG or WebP picture"):
        uploader.upload_image(tmp_path / "frame.png")
    with pytest.raises(MissingFrame, match=r"there is no picture .*gone\.png"):
        uploader.upload_image(tmp_path / "gone.png")
    assert keys(client) == []


def test_keys_may_come_from_a_profile(client: Any, store: str, picture: Path, tmp_path: Path) -> None:
    """As everybody's tools have them, with the region."""
    (tmp_path / "credentials").write_text(f"[lab]\naws_access_key_id={KEY_ID}\naws_secret_access_key={KEY_SECRET}\n")
    (tmp_path / "config").write_text("[profile lab]\nregion = eu-west-3\n")
    env = {"S3_BUCKET": BUCKET, "AWS_PROFILE": "lab", "AWS_ENDPOINT_URL": store}
    link = S3ImageUploader(env=env).upload_image(picture)
    assert fetched(link)[0] == 200
    assert f"{KEY_ID}%2F" in link
    assert "%2Feu-west-3%2F" in link


def test_temporary_keys_go_with_their_token(client: Any, store: str, picture: Path) -> None:
    """The link holds it, since the storage asks for it."""
    link = S3ImageUploader(env=env_of(store, AWS_SESSION_TOKEN="token-of-a-test")).upload_image(picture)
    assert parse_qs(urlsplit(link).query)["X-Amz-Security-Token"] == ["token-of-a-test"]


def test_keys_of_storage_are_hidden_and_are_no_account() -> None:
    """Once a model that reads them is used; another key of storage is the same account at the vendor."""
    spec = ModelSpec(name="a", factory="a:A", needs=(Need("KEY"),), settings=S3_SETTINGS, secrets=S3_SECRETS)
    assert ModelSpec.from_json(spec.to_json()) == spec
    env = env_of("http://127.0.0.1:9") | {"KEY": "key-of-a-vendor", "OTHER": "x"}
    shop = Workshop(Registry(), env=env)
    account = shop.account(spec)
    assert account == Workshop(Registry(), env=env | {"AWS_ACCESS_KEY_ID": "another"}).account(spec)
    assert shop.redactor.text(f"{KEY_ID} and {KEY_SECRET}") == "[redacted] and [redacted]"
    assert set(shop._context(spec).env) == {"KEY", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL_S3", *S3_SECRETS[:2]}
