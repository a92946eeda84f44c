"""Pictures in a bucket: uploaded once, removed by whoever uploaded them, and by nobody else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.stores import BUCKET, env_of, fetched, keys
from vmevalkit_core import S3ImageUploader

pytest.importorskip("boto3")


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


class Shy(BaseHTTPRequestHandler):
    """A store that tells nobody what it holds: questions are refused without a word, uploads are taken."""

    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        """As Amazon's does where the credentials may not list the bucket."""
        self._answer(403)

    def do_PUT(self) -> None:
        """Taken."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(200)

    def log_message(self, *words: Any) -> None:
        """Nothing."""

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()


@contextmanager
def shy_store() -> Iterator[str]:
    """The address of such a store."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Shy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_right_to_upload_is_enough(picture: Path) -> None:
    """Without the right to list the bucket, a key that is not there looks forbidden."""
    with shy_store() as url:
        assert S3ImageUploader(env=env_of(url)).store_image(picture).endswith(".png")
