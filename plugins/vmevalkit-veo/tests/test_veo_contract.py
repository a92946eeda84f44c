"""The contract of every API plugin, kept by the client of the Gemini API, whose answers hold the video."""

from __future__ import annotations

from veo_omni_dialect import OmniVendor

from vmevalkit_core.testing import GeneratorContract


class TestGeminiOmni(GeneratorContract):
    model = "gemini-omni-1.1-flash"
    dialect = OmniVendor
