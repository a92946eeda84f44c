"""Pictures in a bucket: uploaded once, linked for a while, removed by whoever uploaded them, and by nobody else."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest
from PIL import Image

from tests.stores import BUCKET, KEY_ID, KEY_SECRET, env_of, moto, nanio
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
from vmevalkit_core.redact import Redactor
from vmevalkit_core.registry import Registry
from vmevalkit_core.runner.workshop import Workshop

boto3 = pytest.importorskip("boto3")


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
    for name in (
        "AWS_PROFILE",
        "AWS_DEFAULT_REGION",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
    ):
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


def client_of(url: str) -> Any:
    """A client without anything of ours."""
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


def test_link_leads_to_the_picture(client: Any, store: str, picture: Path) -> None:
    """Its key is the hash of its content, its type is told, and nobody gets it without the signature."""
    link = S3ImageUploader(env=env_of(store)).upload_image(picture)
    (key,) = keys(client)
    assert fetched(link) == (200, picture.read_bytes())
    assert key.startswith("vmevalkit/")
    assert key.endswith(".png")
    assert client.head_object(Bucket=BUCKET, Key=key)["ContentType"] == "image/png"


@pytest.mark.parametrize(("suffix", "kind"), [("png", "png"), ("jpg", "jpeg"), ("webp", "webp")])
def test_type_is_that_of_the_content(client: Any, store: str, tmp_path: Path, suffix: str, kind: str) -> None:
    """Whatever the file is called."""
    Image.new("RGB", (8, 8)).save(tmp_path / f"a.{suffix}")
    path = (tmp_path / f"a.{suffix}").rename(tmp_path / "frame")
    key = S3ImageUploader(env=env_of(store)).store_image(path)
    assert client.head_object(Bucket=BUCKET, Key=key)["ContentType"] == f"image/{kind}"


def test_same_picture_is_uploaded_once(client: Any, store: str, picture: Path) -> None:
    """Also by another process: what is there already is left as it is."""
    first = S3ImageUploader(env=env_of(store)).store_image(picture)
    before = client.head_object(Bucket=BUCKET, Key=first)["LastModified"]
    client.put_object_tagging(Bucket=BUCKET, Key=first, Tagging={"TagSet": [{"Key": "seen", "Value": "yes"}]})
    assert S3ImageUploader(env=env_of(store)).store_image(picture) == first
    # An upload would have taken the tag away.
    assert client.get_object_tagging(Bucket=BUCKET, Key=first)["TagSet"] == [{"Key": "seen", "Value": "yes"}]
    assert client.head_object(Bucket=BUCKET, Key=first)["LastModified"] == before


def test_cut_object_is_uploaded_again(client: Any, store: str, picture: Path) -> None:
    """One of another size is not that picture, whatever its key says."""
    uploader = S3ImageUploader(env=env_of(store))
    key = uploader.store_image(picture)
    client.put_object(Bucket=BUCKET, Key=key, Body=b"cut")
    assert fetched(uploader.upload_image(picture)) == (200, picture.read_bytes())


def test_clean_up_removes_its_own_only(client: Any, store: str, picture: Path, tmp_path: Path) -> None:
    """Not what others put there, also where it gave links to it."""
    other = tmp_path / "other.png"
    Image.new("RGB", (8, 8), "red").save(other)
    earlier = S3ImageUploader(env=env_of(store)).store_image(other)
    client.put_object(Bucket=BUCKET, Key="vmevalkit/notes.txt", Body=b"mine")
    uploader = S3ImageUploader(env=env_of(store))
    own, _ = uploader.store_image(picture), uploader.store_image(other)
    assert own in keys(client)
    assert [uploader.clean_up(), uploader.clean_up()] == [1, 0]
    assert sorted(keys(client)) == sorted([earlier, "vmevalkit/notes.txt"])


def test_picture_that_was_cleaned_up_is_uploaded_anew(client: Any, store: str, picture: Path) -> None:
    """The uploader goes on after it."""
    uploader = S3ImageUploader(env=env_of(store))
    uploader.upload_image(picture)
    uploader.clean_up()
    assert fetched(uploader.upload_image(picture))[0] == 200
    assert uploader.clean_up() == 1


def test_many_threads_upload_one_picture_once(client: Any, store: str, picture: Path) -> None:
    """As samples that start together do; the loop of the caller is never blocked."""
    uploader = S3ImageUploader(env=env_of(store))

    async def at_once() -> list[str]:
        return await asyncio.gather(*(asyncio.to_thread(uploader.store_image, picture) for _ in range(16)))

    assert len(set(asyncio.run(at_once()))) == 1
    assert uploader.clean_up() == 1


def test_many_threads_upload_many_pictures(client: Any, store: str, tmp_path: Path) -> None:
    """Each to its own key."""
    paths = [tmp_path / f"{number}.png" for number in range(24)]
    for number, path in enumerate(paths):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(path)
    uploader = S3ImageUploader(env=env_of(store))
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(uploader.store_image, paths))
    assert sorted(keys(client)) == sorted(found)
    assert uploader.clean_up() == 24


def test_link_is_signed_by_version_four(strict: str, picture: Path) -> None:
    """By a server that compares signatures: it is right, and a changed one is refused."""
    link = S3ImageUploader(env=env_of(strict)).upload_image(picture)
    assert parse_qs(urlsplit(link).query)["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert fetched(link) == (200, picture.read_bytes())
    assert fetched(link[:-1] + ("0" if link[-1] != "0" else "1"))[0] == 403
    assert fetched(link.partition("?")[0])[0] == 403


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
