"""The contract kept by a plugin without sins, with and without a list of jobs at the vendor."""

from __future__ import annotations

from tests.vendors import BLIND, PLAIN
from vmevalkit_core.testing import GeneratorContract, PlainVendor


class TestPlain(GeneratorContract):
    model = PLAIN
    dialect = PlainVendor


class TestBlind(GeneratorContract):
    model = BLIND
    dialect = PlainVendor
