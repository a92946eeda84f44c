"""The devices that local models may use here, and the machine-wide claim on each."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vmevalkit_core.claims import Claims
from vmevalkit_core.errors import ClaimsUnavailable
from vmevalkit_core.records import RunKey

SMI_LIMIT = 20
"""Seconds; a driver that was asleep takes several."""
_opened: dict[Path, Claims] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One thing that can hold one model at a time."""

    name: str
    """What users are told, such as `cuda:0`, `mps` or `cpu`."""
    kind: str
    """What torch is told: `cuda`, `mps` or `cpu`."""
    visible: str | None = None
    """CUDA_VISIBLE_DEVICES of its worker; None leaves it alone."""
    identity: str = ""
    """The same for every process of this machine; empty for a CPU, which many may use at once."""

    @property
    def key(self) -> RunKey:
        """What is claimed by the command that uses it."""
        return RunKey("device", self.identity, "command", 0)

    @property
    def worker_key(self) -> RunKey:
        """What is claimed by the worker itself: a dying one still holds the memory of the device."""
        return RunKey("device", self.identity, "worker", 0)


def devices_here(env: Mapping[str, str]) -> tuple[Device, ...]:
    """The GPUs that CUDA_VISIBLE_DEVICES names, or else all of them; `mps` or `cpu` where there is none."""
    named = env.get("CUDA_VISIBLE_DEVICES")
    cards = _cards()
    if named is not None:
        chosen = [one.strip() for one in named.split(",") if one.strip()]
        # CUDA itself ignores what follows the first name that is none.
        chosen = chosen[: next((at for at, one in enumerate(chosen) if one == "-1"), len(chosen))]
    else:
        chosen = list(cards)
    if not chosen:
        return (_without_card(),)
    return tuple(
        Device(name=f"cuda:{one}", kind="cuda", visible=one, identity=cards.get(one, one))
        for one in dict.fromkeys(chosen)
    )


def device_claims(env: Mapping[str, str]) -> Claims:
    """The claims on devices of this process; the same object each time, as `lockf` needs it."""
    folder = runtime_folder(env)
    path = folder / "devices.lock"
    if path not in _opened or not _opened[path].is_current():
        _opened[path] = Claims(path)
    return _opened[path]


def runtime_folder(env: Mapping[str, str]) -> Path:
    """A folder of the user's own that all his sessions find: not TMPDIR, which a scheduler changes for each job."""
    folder = Path(env.get("VMEVAL_RUNTIME_DIR") or f"/tmp/vmeval-{os.getuid()}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    facts = os.lstat(folder)
    if facts.st_uid != os.getuid() or not stat.S_ISDIR(facts.st_mode):
        raise ClaimsUnavailable(f"{folder} is not yours", hint="name a folder of your own in VMEVAL_RUNTIME_DIR")
    return folder


def _cards() -> dict[str, str]:
    """Index and UUID of every NVIDIA card, as the driver tells."""
    command = shutil.which("nvidia-smi")
    if command is None:
        return {}
    query: Sequence[str] = (command, "--query-gpu=index,uuid", "--format=csv,noheader")
    try:
        done = subprocess.run(
            query, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SMI_LIMIT, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return {}
    rows = (line.partition(",") for line in done.stdout.splitlines())
    return {index.strip(): uuid.strip() for index, _, uuid in rows if uuid.strip()}


def _without_card() -> Device:
    if sys.platform == "darwin" and os.uname().machine == "arm64":
        return Device(name="mps", kind="mps", identity="mps")
    return Device(name="cpu", kind="cpu", visible="")
