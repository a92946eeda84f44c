"""The contract over every hostile plugin; `python -m tests.hostile.kit` prints which check caught which sin.

No test run finds this file by itself: nearly all of its tests fail, as they should.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.etree import ElementTree

from tests.helpers import REPOSITORY
from tests.hostile.vendors import HEAVY, SINS, Sin
from vmevalkit_core.testing import GeneratorContract, PlainVendor

THIS = "tests/hostile/kit.py"
QUICK = "CONTRACT_ONE_FAULT"
"""In the environment of the run that tries one check for each plugin."""


def contract_of(name: str, sin: Sin) -> type[GeneratorContract]:
    """The contract as the author of a hostile plugin would inherit it."""
    fields: dict[str, Any] = {"model": sin.model, "dialect": PlainVendor}
    if QUICK in os.environ:
        # Of the faults of a submit, the one that its own check is about will do.
        fault = re.sub(r".*\[|\]", "", sin.check) if "[" in sin.check else "reset-after"
        fields["_faults"] = lambda self: [fault]
    return type(f"Test{name}", (GeneratorContract,), fields)


globals().update({f"Test{name}": contract_of(name, sin) for name, sin in SINS.items()})


def failures(*tests: str) -> dict[str, dict[str, str]]:
    """The tests that failed, and why, by the name of the plugin; all are run where none is named."""
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        line = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", f"--junitxml={report}"]
        paths = os.pathsep.join((str(HEAVY), *filter(None, sys.path)))
        env = os.environ | {"PYTHONPATH": paths} | ({QUICK: "1"} if tests else {})
        done = subprocess.run(
            [*line, *(tests or (THIS,))], cwd=REPOSITORY, env=env, check=False, capture_output=True, text=True
        )
        assert report.exists(), done.stdout + done.stderr
        return _read(report)


def node(name: str, check: str) -> str:
    """How pytest names a check of a hostile plugin."""
    return f"{THIS}::Test{name}::{check}"


def table(found: dict[str, dict[str, str]]) -> str:
    """Every sin, the check that was made for it, and how many others caught it too."""
    lines = ["| sin | caught by | and by |", "|---|---|---|"]
    for name, sin in SINS.items():
        checks: Sequence[str] = [*found.get(name, {})]
        own = f"`{sin.check}`" if sin.check in checks else "**not caught**"
        lines.append(f"| {sin.sentence} | {own} | {max(0, len(checks) - 1)} more |")
    return "\n".join(lines)


def _read(report: Path) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for case in ElementTree.parse(report).iter("testcase"):
        for fault in (*case.findall("failure"), *case.findall("error")):
            name = case.get("classname", "").rpartition(".Test")[2]
            found[name][case.get("name", "")] = f"{fault.get('message', '')}\n{fault.text}"
    return found


if __name__ == "__main__":
    sys.stdout.write(table(failures()) + "\n")
