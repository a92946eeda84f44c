"""The plain vendor's client, with other ways to say how an account stands."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from tests.models.plain import Plain
from vmevalkit_core import Account, ApiGenerator

BOTH = asyncio.Barrier(2)
"""Nobody is past it before two have come."""


class Silent(Plain):
    """A vendor without a call that costs nothing."""

    spec = replace(Plain.spec, name="silent", factory=f"{__file__}:Silent")
    check_account = ApiGenerator.check_account


class Confused(Plain):
    """A plugin that answers with something else."""

    spec = replace(Plain.spec, name="confused", factory=f"{__file__}:Confused")

    async def check_account(self) -> Account:
        return {"credit": 5}  # type: ignore[return-value]


class Leaving(Plain):
    """A plugin that ends the process."""

    spec = replace(Plain.spec, name="leaving", factory=f"{__file__}:Leaving")

    async def check_account(self) -> Account:
        raise SystemExit(3)


class Meeting(Plain):
    """One that is answered only while another one asks, too."""

    spec = replace(Plain.spec, name="meeting", factory=f"{__file__}:Meeting")

    async def check_account(self) -> Account:
        await BOTH.wait()
        return Account()


class OtherMeeting(Meeting):
    """The other one, at another address."""

    spec = replace(Plain.spec, name="other-meeting", factory=f"{__file__}:OtherMeeting")
    base_url_env = ""
