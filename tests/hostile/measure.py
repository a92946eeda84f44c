"""Load one picture as a run does and print what that took, as JSON: python -m tests.hostile.measure FILE [RENDERER]."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

from vmevalkit_core.errors import VmevalError
from vmevalkit_core.media.images import inspect_image, open_rgb
from vmevalkit_core.media.svg import HEAD, draw_svg, is_svg


def load(path: Path, renderer: str | None) -> None:
    """Through the loaders of the package."""
    with path.open("rb") as handle:
        head = handle.read(HEAD)
    if is_svg(head) or path.suffix == ".svg":
        draw_svg(path, renderer=renderer)
    else:
        inspect_image(path)
        open_rgb(path)


def measured(path: Path, renderer: str | None = None) -> dict[str, Any]:
    """The same in a process of its own: `outcome`, `sentence`, `seconds` of CPU for the picture, `mb` at the most."""
    command = [sys.executable, "-m", "tests.hostile.measure", str(path), *([renderer] if renderer else [])]
    root = Path(__file__).parents[2]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=root, env=os.environ)
    if ended.returncode:
        return {"outcome": "died", "sentence": ended.stderr[-300:], "seconds": 0.0, "mb": 0.0}
    result: dict[str, Any] = json.loads(ended.stdout)
    return result


def cpu_seconds() -> float:
    """What this process and those that it started and waited for have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def own_peak() -> int:
    """Bytes that this process needed at once; `getrusage` on Linux counts what its parent needed before as well."""
    if sys.platform == "darwin":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    status = Path("/proc/self/status").read_text()
    return 1024 * next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))


def main() -> None:
    """Seconds of `load`; memory of this process and of those that it starts, as if they were at their peak together."""
    outcome, sentence, begun = "drawn", "", cpu_seconds()
    try:
        load(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None)
    except VmevalError as error:
        outcome, sentence = "refused", f"{error}; {error.hint}"
    seconds = cpu_seconds() - begun
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    memory = own_peak() + children.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    json.dump({"outcome": outcome, "sentence": sentence, "seconds": seconds, "mb": memory / 1e6}, sys.stdout)


if __name__ == "__main__":
    main()
