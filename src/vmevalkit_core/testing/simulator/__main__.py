"""`python -m vmevalkit_core.testing.simulator --dialect FILE.py:Class|module:Class --ledger FOLDER`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from vmevalkit_core.testing.simulator.dialect import PHASES
from vmevalkit_core.testing.simulator.faults import FAULTS
from vmevalkit_core.testing.simulator.process import Plan, serve
from vmevalkit_core.testing.simulator.settings import BadSetting


def main() -> int:
    """Run a simulated vendor until stdin closes or SIGTERM comes; 2 where it cannot start."""
    given = _arguments()
    if given.faults:
        sys.stdout.write(table_of_faults())
        return 0
    if given.ledger is None:
        sys.stderr.write("simulator: --ledger FOLDER is missing\n")
        return 2
    try:
        serve(
            Plan(
                dialect=given.dialect,
                ledger=given.ledger,
                port=given.port,
                script=_read(given.script, []),
                settings=_read(given.settings, {}),
            )
        )
    except (BadSetting, OSError) as error:
        sys.stderr.write(f"simulator: {error}\n")
        return 2
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="simulator", description="A vendor of videos on a loopback socket.")
    parser.add_argument("--dialect", default="vmevalkit_core.testing.simulator.plain:PlainVendor", help="whom to play")
    parser.add_argument("--ledger", type=Path, help="the folder for what is accepted and billed")
    parser.add_argument("--port", type=int, default=0, help="0 for any that is free")
    parser.add_argument("--script", type=Path, help="a JSON file with the rules of faults")
    parser.add_argument("--settings", type=Path, help="a JSON file with settings")
    parser.add_argument("--faults", action="store_true", help="print every fault as a Markdown table, and end")
    return parser.parse_args()


def table_of_faults() -> str:
    """Every fault: what happens, whether a submit that meets it leaves a billed job, what a rule may set."""
    lines = ["| fault | what happens | job | phases | arguments |", "|---|---|---|---|---|"]
    for name, fault in FAULTS.items():
        phases = "any" if fault.phases == PHASES else ", ".join(fault.phases)
        arguments = ", ".join(f"{key}={json.dumps(value)}" for key, value in fault.arguments.items())
        job = "yes" if fault.accepted else "no"
        lines.append(f"| `{name}` | {fault.sentence} | {job} | {phases} | {arguments} |")
    return "\n".join(lines) + "\n"


def _read(path: Path | None, otherwise: Any) -> Any:
    if path is None:
        return otherwise
    try:
        return json.loads(path.read_text())
    except ValueError as error:
        raise BadSetting(f"{path} is no JSON: {error}") from error


if __name__ == "__main__":
    sys.exit(main())
