"""Every way to go wrong, by name."""

from vmevalkit_core.testing.simulator.faults.damaged import CUT, LOST, WRONG
from vmevalkit_core.testing.simulator.faults.fates import ASTRAY, FATES
from vmevalkit_core.testing.simulator.faults.refused import REFUSED
from vmevalkit_core.testing.simulator.faults.scene import Fault, Scene

__all__ = ["FAULTS", "Fault", "Scene"]

FAULTS: dict[str, Fault] = {**REFUSED, **LOST, **CUT, **WRONG, **FATES, **ASTRAY}
"""All of them; `sentence` says what happens, `accepted` whether a submit that meets it leaves a billed job."""
