"""Six vendors as simulators: who they are, which of their models is asked, and the variables that lead to them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.common import REPOSITORY
from vmevalkit_core.testing import Simulator

KEY = "key-of-a-benchmark-0000"
PLAIN = "vmevalkit_core.testing.simulator.plain:PlainVendor"
Env = Callable[[str, Path], dict[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """One vendor."""

    name: str
    model: str
    """As `vmeval run -m` takes it."""
    listed: str
    """As records name it."""
    env: Env
    """The variables of a user, by the simulator's address; files of an account go into the folder."""
    dialect: str = PLAIN
    home: str = ""
    """The plugin; the same as the name where empty."""

    @property
    def tests(self) -> Path:
        """The folder of the plugin's tests, with the dialect."""
        return REPOSITORY / "plugins" / f"vmevalkit-{self.home or self.name}" / "tests"

    @property
    def target(self) -> str:
        """The dialect, as the simulator takes it."""
        return self.dialect if self.dialect == PLAIN else str(self.tests / self.dialect)

    @contextmanager
    def open(self, **settings: Any) -> Iterator[Simulator]:
        """The vendor in a process of its own; the process imports what the dialect needs from its folder."""
        sys.path.insert(0, str(self.tests))
        try:
            with Simulator(self.target, keys=None if self.name == "veo" else [KEY], **settings) as simulator:
                yield simulator
        finally:
            sys.path.remove(str(self.tests))


def google_account(url: str, folder: Path) -> dict[str, str]:
    """A project, and the file of an account whose tokens come from the simulator."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    account = {
        "type": "service_account",
        "project_id": "project-1",
        "private_key_id": "1",
        "private_key": key.private_bytes(*pem).decode(),
        "client_email": "runner@project.example",
        "client_id": "1",
        "token_uri": f"{url}/token?lives=3600",
    }
    file = folder / "account.json"
    file.write_text(json.dumps(account))
    return {
        "GOOGLE_CLOUD_PROJECT": "project-1",
        "GOOGLE_APPLICATION_CREDENTIALS": str(file),
        "GOOGLE_VERTEX_BASE_URL": url,
    }


HOUSES = (
    House(
        name="runway",
        model="runway-gen4-turbo",
        listed="runway-gen4-turbo",
        dialect="runway_dialect.py:RunwayVendor",
        env=lambda url, _: {"RUNWAYML_API_SECRET": KEY, "RUNWAYML_BASE_URL": url},
    ),
    House(
        name="luma",
        model="luma-ray-3.2",
        listed="luma-ray-3.2",
        dialect="luma_dialects.py:AgentsVendor",
        env=lambda url, _: {"LUMA_AGENTS_API_KEY": KEY, "LUMA_BASE_URL": f"{url}/v1"},
    ),
    House(
        name="veo",
        model="veo-3.1-fast-vertex",
        listed="veo-3.1-fast-vertex",
        dialect="veo_vertex_dialect.py:VertexVendor",
        env=google_account,
    ),
    House(
        name="openai",
        model="openai-sora-2",
        listed="openai-sora-2",
        dialect="openai_dialect.py:VideosServer",
        env=lambda url, _: {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"{url}/v1"},
    ),
    House(
        name="wavespeed",
        model="wavespeed-wan-2.2-i2v-720p",
        listed="wavespeed-wan-2.2-i2v-720p",
        dialect="wavespeed_dialect.py:WaveSpeedVendor",
        env=lambda url, _: {"WAVESPEED_API_KEY": KEY, "WAVESPEED_BASE_URL": url},
    ),
    House(
        name="plain",
        model=f"{REPOSITORY}/tests/models/plain.py:Steady",
        listed="steady-plain",
        env=lambda url, _: {"PLAIN_KEY": KEY, "PLAIN_BASE_URL": url},
    ),
)


GEMINI = House(
    name="gemini",
    home="veo",
    model="gemini-omni-1.1-flash",
    listed="gemini-omni-1.1-flash",
    dialect="veo_omni_dialect.py:OmniVendor",
    env=lambda url, _: {"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": url},
)
"""Google's other door; what it bills is no whole number of cents, so it is in no table of sums."""


def bare(env: Mapping[str, str]) -> dict[str, str]:
    """These variables, and of this process's own those that name no account, vendor or proxy."""
    strange = ("API_KEY", "API_SECRET", "BASE_URL", "_PROXY", "GOOGLE_", "AWS_", "VMEVAL_")
    kept = {name: value for name, value in os.environ.items() if not any(one in name.upper() for one in strange)}
    return kept | dict(env)
