"""Links to pictures: signed, alive for a while, and never seen by anybody else."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.stores import KEY_ID, KEY_SECRET, env_of, fetched
from vmevalkit_core import S3ImageUploader
from vmevalkit_core.redact import Redactor

pytest.importorskip("boto3")


def test_link_is_signed_by_version_four(strict: str, picture: Path) -> None:
    """By a server that compares signatures: it is right, and a changed one is refused."""
    link = S3ImageUploader(env=env_of(strict)).upload_image(picture)
    assert parse_qs(urlsplit(link).query)["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert fetched(link) == (200, picture.read_bytes())
    assert fetched(link[:-1] + ("0" if link[-1] != "0" else "1"))[0] == 403
    assert fetched(link.partition("?")[0])[0] == 403


@pytest.mark.parametrize(
    ("bucket", "region", "address"),
    [
        ("my-pictures", "eu-central-1", "https://my-pictures.s3.eu-central-1.amazonaws.com/vmevalkit/a.png"),
        ("my-pictures", "us-east-1", "https://my-pictures.s3.amazonaws.com/vmevalkit/a.png"),
        ("my.pictures", "eu-central-1", "https://s3.eu-central-1.amazonaws.com/my.pictures/vmevalkit/a.png"),
    ],
)
def test_link_leads_to_the_region_of_the_bucket(bucket: str, region: str, address: str) -> None:
    """To the address of all regions, Amazon answers with a redirect, and the signature is wrong where that leads."""
    env = env_of("", S3_BUCKET=bucket, AWS_DEFAULT_REGION=region)
    assert S3ImageUploader(env=env).link("vmevalkit/a.png").partition("?")[0] == address


def test_mark_stands_in_the_link(strict: str, picture: Path) -> None:
    """As part of what is signed, so that it cannot get lost unnoticed."""
    uploader = S3ImageUploader(env=env_of(strict))
    link = uploader.link(uploader.store_image(picture), mark="run-17")
    assert "run-17" in link
    assert fetched(link)[0] == 200
    assert fetched(link.replace("run-17", "run-18"))[0] == 403


def test_link_lives_longer_than_any_job(strict: str, picture: Path) -> None:
    """Three days by default, where a job is given up after two."""
    link = S3ImageUploader(env=env_of(strict)).upload_image(picture)
    assert parse_qs(urlsplit(link).query)["X-Amz-Expires"] == ["259200"]


def test_link_expires(strict: str, picture: Path) -> None:
    """By the server's own clock."""
    link = S3ImageUploader(env=env_of(strict), link_seconds=1).upload_image(picture)
    until = time.monotonic() + 20
    while fetched(link)[0] == 200:
        assert time.monotonic() < until
        time.sleep(0.1)
    assert fetched(link)[0] == 403


def test_logs_hold_no_link_and_no_key(strict: str, picture: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Also where every line of every library is wanted."""
    caplog.set_level(logging.DEBUG)
    link = S3ImageUploader(env=env_of(strict)).upload_image(picture)
    (signature,) = parse_qs(urlsplit(link).query)["X-Amz-Signature"]
    assert "botocore" in caplog.text
    assert not [one for one in (signature, KEY_ID, KEY_SECRET) if one in caplog.text]


FORMS = {
    "plain": lambda link: f"cannot fetch {link}, it says",
    "json": lambda link: '{"url": "' + link.replace("&", "\\u0026") + '", "code": 3}',
    "slashes": lambda link: '{"url": "' + link.replace("/", "\\/").replace("&", "\\u0026") + '"}',
    "repr": lambda link: repr('{"url": "' + link.replace("&", "\\u0026") + '"}'),
    "query": lambda link: f"bad query {link.partition('?')[2]}",
    "quoted": lambda link: link.replace("%", "%25").replace(":", "%3A").replace("=", "%3D").replace("?", "%3F"),
}
"""How servers quote a link."""


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_link_is_cut_in_every_form(form: Any, picture: Path) -> None:
    """Whoever quotes it: neither key id nor signature is left."""
    uploader = S3ImageUploader(env=env_of("http://127.0.0.1:9", AWS_SESSION_TOKEN="token-of-a-test"))
    link = uploader.link("vmevalkit/a.png")
    (signature,) = parse_qs(urlsplit(link).query)["X-Amz-Signature"]
    text = form(link)
    assert signature in text
    assert not [one for one in (signature, KEY_ID, "token-of-a-test") if one in Redactor().text(text)]
