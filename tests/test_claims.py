"""One process at a time may work on a run key."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from vmevalkit_core.claims import claims_of
from vmevalkit_core.records import RunKey

KEY = RunKey("model", "maze", "maze_0001", 0)
TAKE = """
import sys
from pathlib import Path
from vmevalkit_core.claims import claims_of
from vmevalkit_core.records import RunKey
print(claims_of(Path(sys.argv[1])).take(RunKey("model", "maze", "maze_0001", int(sys.argv[2]))), flush=True)
sys.stdin.read()
"""


def other_process(folder: Path, sample: int = 0) -> subprocess.Popen[str]:
    """A process that tries to claim the key and stays until its input closes."""
    command = [sys.executable, "-c", TAKE, str(folder), str(sample)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def answer_of(folder: Path, sample: int = 0) -> str:
    """What another process gets."""
    return other_process(folder, sample).communicate("")[0].strip()


def test_claim_is_exclusive_within_a_process(tmp_path: Path) -> None:
    """Two coroutines of one command cannot hold one run, though the kernel would let them."""
    claims = claims_of(tmp_path)
    assert claims.take(KEY)
    assert not claims.take(KEY)
    claims.release(KEY)
    assert claims.take(KEY)


def test_claim_is_exclusive_between_processes(tmp_path: Path) -> None:
    """Another process gets it only after it was given back."""
    claims = claims_of(tmp_path)
    assert claims.take(KEY)
    assert answer_of(tmp_path) == "False"
    assert answer_of(tmp_path, sample=1) == "True"
    claims.release(KEY)
    assert answer_of(tmp_path) == "True"


def test_dead_process_holds_nothing(tmp_path: Path) -> None:
    """A claim ends with kill -9, at once."""
    holder = other_process(tmp_path)
    assert holder.stdout is not None
    assert holder.stdout.readline().strip() == "True"
    assert not claims_of(tmp_path).take(KEY)
    holder.kill()
    holder.communicate()
    assert claims_of(tmp_path).take(KEY)


def test_lock_file_is_opened_once(tmp_path: Path) -> None:
    """Closing a second descriptor would drop every lock of the process."""
    assert claims_of(tmp_path) is claims_of(tmp_path / "." / "x" / "..")


def test_deleted_experiment_gets_a_new_lock(tmp_path: Path) -> None:
    """A lock on a file that is gone would exclude nobody."""
    first = claims_of(tmp_path / "pilot")
    shutil.rmtree(tmp_path / "pilot")
    assert claims_of(tmp_path / "pilot") is not first
