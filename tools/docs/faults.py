"""The faults of the vendor simulator, from its own list."""

from __future__ import annotations

import json

from tools.docs.markdown import code, table
from vmevalkit_core.testing import FAULTS, PHASES, Fault


def fault_table() -> str:
    """Name, what happens, whether a submit that meets it leaves a billed job, where it strikes, what a rule may set."""
    rows = [
        (code(name), fault.sentence, "yes" if fault.accepted else "no", _phases(fault), _arguments(fault))
        for name, fault in FAULTS.items()
    ]
    return table(("Fault", "What happens", "Job", "Phases", "Arguments"), rows)


def _phases(fault: Fault) -> str:
    return "any" if fault.phases == PHASES else ", ".join(fault.phases)


def _arguments(fault: Fault) -> str:
    return ", ".join(code(f"{name}={json.dumps(value)}") for name, value in fault.arguments.items())
