"""Devices: which there are, who has them, and in which order runs come to them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.test_workers import MODELS, environment
from vmevalkit_core.errors import ClaimsUnavailable
from vmevalkit_core.generator import Context
from vmevalkit_core.limits import Limiter
from vmevalkit_core.records import Clip, GenerationRequest
from vmevalkit_core.registry import Registry
from vmevalkit_core.specs import ModelSpec
from vmevalkit_core.testing.studio import StudioJob
from vmevalkit_core.workers.devices import Device, device_claims, devices_here, runtime_folder
from vmevalkit_core.workers.pool import DevicePool

HOLD = """
import sys, time
from vmevalkit_core.workers.devices import Device, device_claims
print(device_claims({"VMEVAL_RUNTIME_DIR": sys.argv[1]}).take(Device(name="", kind="cuda", identity="GPU-a").key))
sys.stdout.flush()
time.sleep(60)
"""


def smi(folder: Path, *rows: str) -> dict[str, str]:
    """The path of a driver's tool that lists these cards."""
    tool = folder / "nvidia-smi"
    tool.write_text("#!/bin/sh\n" + "".join(f"echo '{row}'\n" for row in rows))
    tool.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


@pytest.mark.parametrize(
    ("visible", "names"),
    [
        (None, ["cuda:0", "cuda:1"]),
        ("1", ["cuda:1"]),
        ("1,0", ["cuda:1", "cuda:0"]),
        ("", ["cpu"]),
        ("-1", ["cpu"]),
        ("0,-1,1", ["cuda:0"]),
        ("GPU-b", ["cuda:GPU-b"]),
        ("0,0", ["cuda:0"]),
    ],
)
def test_visible_devices_are_respected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, visible: str | None, names: list[str]
) -> None:
    """All cards, those that the variable names, in its order, or none."""
    monkeypatch.setenv("PATH", smi(tmp_path, "0, GPU-a", "1, GPU-b")["PATH"])
    env = {} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}
    assert [device.name for device in devices_here(env)] == names


def test_card_is_the_same_by_number_and_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that two commands that call it otherwise do not both use it."""
    monkeypatch.setenv("PATH", smi(tmp_path, "0, GPU-a", "1, GPU-b")["PATH"])
    by_number, by_name = (devices_here({"CUDA_VISIBLE_DEVICES": one})[0] for one in ("1", "GPU-b"))
    assert by_number.identity == by_name.identity == "GPU-b"


def test_broken_driver_is_no_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool that fails says nothing about cards."""
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\necho 'NVIDIA-SMI has failed'\nexit 9\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert [device.kind for device in devices_here({})] == ["cpu"]


@contextmanager
def held_elsewhere(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process holds the card GPU-a."""
    line = [sys.executable, "-c", HOLD, str(tmp_path / "runtime")]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "True\n"
            yield process
        finally:
            process.kill()


def card(name: str) -> Device:
    """A card whose worker computes on the CPU."""
    return Device(name=f"cuda:{name}", kind="cuda", visible="", identity=f"GPU-{name}")


def test_device_belongs_to_one_command(tmp_path: Path) -> None:
    """And is free at once when that one is killed."""
    claims = device_claims(environment(tmp_path))
    with held_elsewhere(tmp_path) as process:
        assert not claims.take(card("a").key)
        process.kill()
        process.wait()
        assert claims.take(card("a").key)
    claims.release(card("a").key)


def test_foreign_runtime_folder_is_refused(tmp_path: Path) -> None:
    """A folder in /tmp that somebody else made under our name must not be trusted."""
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(ClaimsUnavailable, match="is not yours"):
        runtime_folder({"VMEVAL_RUNTIME_DIR": str(tmp_path / "link")})


class Studio:
    """A pool over given devices, and the wild models on it."""

    def __init__(self, tmp_path: Path, *devices: Device) -> None:
        self.folder = tmp_path
        env = environment(tmp_path)
        self.registry = Registry.load()
        self.wild = self.registry.add_file(f"{MODELS}:Wild")
        self.other = replace(self.wild, name="other")
        self.pool = DevicePool(env, self.context, devices=devices)
        self.jobs: list[StudioJob] = []

    def context(self, spec: ModelSpec) -> Context:
        return Context(env={}, limiter=Limiter(1))

    async def clip(self, spec: ModelSpec, prompt: str = "a") -> Clip:
        """One clip on whichever device is free."""
        from tests.helpers import make_task
        from vmevalkit_core.media.preparing import prepare_image
        from vmevalkit_core.records import ImageRef
        from vmevalkit_core.rules import ImageRule

        number = len(self.jobs)
        frame = make_task(self.folder / "q", "maze", f"maze_{number:04}") / "first_frame.png"
        prepared = prepare_image(frame, ImageRule())
        ref = ImageRef(path=frame, sha256="", media_type="image/png", size=(64, 64), geometry=prepared.geometry)
        request = GenerationRequest(model=spec.name, prompt=prompt, first_frame=ref, options={"seconds": 0.2})
        job = StudioJob(self.folder / f"clip_{number}.mp4")
        self.jobs.append(job)
        with self.pool.seats.coming(spec):
            return await self.pool.generate(spec, request, job)

    def run(self, work: Any) -> Any:
        """The result of a coroutine, the pool closed afterwards."""

        async def whole() -> Any:
            try:
                return await work
            finally:
                await self.pool.close()

        return asyncio.run(whole())


def test_devices_share_one_queue(tmp_path: Path) -> None:
    """Two runs on two devices at the same time, and one worker stays on each."""
    studio = Studio(tmp_path, card("a"), card("b"))

    async def work() -> tuple[list[int], list[int]]:
        await asyncio.gather(*(studio.clip(studio.wild) for _ in range(2)))
        first = sorted(studio.pool.pids)
        await asyncio.gather(*(studio.clip(studio.wild) for _ in range(4)))
        return first, sorted(studio.pool.pids)

    first, later = studio.run(work())
    assert len(first) == 2
    assert first == later


def test_model_stays_while_runs_for_it_come(tmp_path: Path) -> None:
    """Runs of two models that meet at one device: each model is loaded once, whatever the order of arrival."""
    studio = Studio(tmp_path, card("a"))
    pids: list[int] = []

    async def clip(spec: ModelSpec) -> None:
        await studio.clip(spec)
        pids.extend(studio.pool.pids)

    async def work() -> None:
        await asyncio.gather(*(clip(spec) for spec in (studio.wild, studio.other, studio.wild, studio.other)))

    studio.run(work())
    assert len(dict.fromkeys(pids)) == 2


def test_held_device_is_waited_for(tmp_path: Path) -> None:
    """With a word to the user; it is used as soon as the other command is gone."""
    studio = Studio(tmp_path, card("a"))

    async def work(process: subprocess.Popen[str]) -> None:
        run = asyncio.ensure_future(studio.clip(studio.wild))
        while not studio.jobs or not studio.jobs[0].told:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        assert "waiting for cuda:a" in studio.jobs[0].told[0][1]
        process.kill()
        await run

    with held_elsewhere(tmp_path) as process:
        studio.run(work(process))
    assert studio.jobs[0].clip_path.exists()


def test_free_device_is_taken_where_another_is_held(tmp_path: Path) -> None:
    """A second command on a machine with two cards uses the second card."""
    studio = Studio(tmp_path, card("a"), card("b"))
    with held_elsewhere(tmp_path):
        studio.run(studio.clip(studio.wild))
    assert studio.jobs[0].clip_path.exists()


def test_closed_pool_gives_its_devices_back(tmp_path: Path) -> None:
    """To the next runner of the same process as well."""
    claims = device_claims(environment(tmp_path))
    studio = Studio(tmp_path, card("a"))

    async def work() -> bool:
        await studio.clip(studio.wild)
        return claims.take(card("a").key)

    assert not studio.run(work()), "it was not held while the pool was open"
    assert claims.take(card("a").key)
    claims.release(card("a").key)
