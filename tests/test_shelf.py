"""Embeddings that outlive the process."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

import torch

from vmevalkit_core.generator import shelf
from vmevalkit_core.generator.memory import WITH_LAYERS, steps
from vmevalkit_core.generator.shelf import Shelf, fingerprint
from vmevalkit_core.generator.texts import Texts
from vmevalkit_core.workers.surroundings import cache_folder

VALUE = {"embeds": torch.arange(6.0).reshape(2, 3), "pair": (torch.ones(1, dtype=torch.bfloat16), 7)}


def _shelf(folder: Path, identity: object = "model") -> Shelf:
    return Shelf(folder, lambda: identity)


def test_what_was_kept_is_found_by_a_later_process(tmp_path: Path) -> None:
    """Bit for bit, types included."""
    _shelf(tmp_path).put("solve the maze", VALUE)
    found = _shelf(tmp_path).get("solve the maze")
    assert torch.equal(found["embeds"], VALUE["embeds"])  # type: ignore[arg-type]
    assert found["pair"][0].dtype == torch.bfloat16
    assert found["pair"][1] == 7


def test_other_models_and_texts_find_nothing(tmp_path: Path) -> None:
    """Nor does another version, device or number type: all are in the identity."""
    _shelf(tmp_path).put("solve the maze", VALUE)
    assert _shelf(tmp_path, "other").get("solve the maze") is None
    assert _shelf(tmp_path).get("solve the Maze") is None


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 cut", b"\x80\x04K\x01."], ids=["empty", "cut", "pickle"])
def test_damaged_file_counts_as_absent(tmp_path: Path, damage: bytes) -> None:
    """The text is then encoded and kept again."""
    one = _shelf(tmp_path)
    one.put("text", VALUE)
    next(tmp_path.glob("*/*.pt")).write_bytes(damage)
    assert one.get("text") is None
    one.put("text", VALUE)
    assert one.get("text")["pair"][1] == 7


def test_file_cannot_run_code(tmp_path: Path) -> None:
    """A shelf may lie on a disk that others write to."""

    class Bomb:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "ran"),)

    one = _shelf(tmp_path)
    one.put("text", VALUE)
    torch.save(Bomb(), next(tmp_path.glob("*/*.pt")))
    assert one.get("text") is None
    assert not (tmp_path / "ran").exists()


def test_folder_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    """No run fails for its embeddings' sake."""
    (tmp_path / "file").write_text("")
    one = _shelf(tmp_path / "file")
    one.put("text", VALUE)
    assert one.get("text") is None


def test_full_shelf_drops_what_was_used_longest_ago(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read lately stays."""
    one = _shelf(tmp_path)
    for number, name in enumerate(("old", "read", "new")):
        one.put(name, VALUE)
        for file in tmp_path.glob("*/*.pt"):
            os.utime(file, (number, number)) if file.stat().st_mtime > 1e6 else None
    assert one.get("read")
    size = next(tmp_path.glob("*/*.pt")).stat().st_size
    monkeypatch.setattr(shelf, "MOST_BYTES", 2 * size)
    one._make_room()
    assert [bool(one.get(name)) for name in ("old", "read", "new")] == [False, True, True]


def test_known_texts_need_no_encoder(tmp_path: Path) -> None:
    """A second process loads nothing for what the first one encoded, and encodes only what is new."""
    log: list[str] = []

    def texts() -> Texts:
        def encode(text: str) -> Any:
            log.append(text)
            return torch.tensor([len(text)])

        return Texts(lambda: log.append("load"), encode, lambda: log.append("free"), keeper=_shelf(tmp_path))

    texts().of(["a", "bb"])
    later = texts()
    assert later.of(["a", "bb"])["bb"] == 2
    assert later.of(["a", "ccc"])["ccc"] == 3
    assert log == ["load", "a", "bb", "free", "load", "ccc", "free"]
    assert (later.found, later.encoded, later.loads) == (2, 1, 1)


def test_fingerprint_of_a_model_file_is_its_own(tmp_path: Path) -> None:
    """Checkpoints are single files: two of them must not share what was encoded by one."""
    for name, content in (("one.ckpt", "x"), ("two.ckpt", "yy")):
        (tmp_path / name).write_text(content)
    assert fingerprint(tmp_path / "one.ckpt") != fingerprint(tmp_path / "two.ckpt")


def test_fingerprint_changes_with_the_files(tmp_path: Path) -> None:
    """By size and time; a link of the hub's cache by the name of the content that it leads to."""
    (tmp_path / "blobs").mkdir()
    for name in ("one", "two"):
        (tmp_path / "blobs" / name).write_text("x")
    folder = tmp_path / "snapshot"
    folder.mkdir()
    (folder / "weights").symlink_to(tmp_path / "blobs" / "one")
    first = fingerprint(folder)
    os.utime(tmp_path / "blobs" / "one", (1, 1))
    assert fingerprint(folder) == first
    (folder / "weights").unlink()
    (folder / "weights").symlink_to(tmp_path / "blobs" / "two")
    assert fingerprint(folder) != first


def test_cache_folder_is_the_users_own(tmp_path: Path) -> None:
    """Below their cache, where VMEVAL_CACHE says, or nowhere."""
    assert cache_folder({"VMEVAL_CACHE": "", "XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "vmevalkit"
    assert cache_folder({"VMEVAL_CACHE": str(tmp_path / "own")}) == tmp_path / "own"
    assert cache_folder({"VMEVAL_CACHE": "none"}) is None


def test_step_that_a_model_lacks_is_its_lowest() -> None:
    """`layers` of one whose layers cannot pass one by one lets its parts take turns."""
    assert steps("layers") == ("offload",)
    assert steps("layers", WITH_LAYERS) == ("layers",)
    assert steps("auto", WITH_LAYERS) == ("full", "offload", "layers")
