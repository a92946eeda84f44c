"""The contract of API models as a class of tests to inherit: a vendor who does everything wrong, and one model."""

from __future__ import annotations

from typing import Any

from vmevalkit_core.testing.overriding import check_overrides
from vmevalkit_core.testing.promises.asking import Asking
from vmevalkit_core.testing.promises.collecting import Collecting
from vmevalkit_core.testing.promises.describing import Describing
from vmevalkit_core.testing.promises.recording import Recording
from vmevalkit_core.testing.promises.refusing import Refusing
from vmevalkit_core.testing.promises.resuming import Resuming
from vmevalkit_core.testing.promises.secrecy import Secrecy
from vmevalkit_core.testing.promises.sending import Sending


class GeneratorContract(Describing, Sending, Refusing, Collecting, Recording, Resuming, Secrecy, Asking):
    """What every API plugin keeps.

    class TestAcme(GeneratorContract):
        model = "acme-1"
        dialect = AcmeVendor            # the vendor's example answers, or a whole dialect of the simulator

    The tests need no key, no network and no money: the vendor is played by a process on a loopback socket. One may be
    overridden only by one that is marked `xfail` with a reason; TypeError otherwise.
    """

    def __init_subclass__(cls, **given: Any) -> None:
        """Hold a subclass to the rule about overriding."""
        super().__init_subclass__(**given)
        check_overrides(cls, GeneratorContract)
