"""The contract of every API plugin, kept by the client of any server with the /v1/videos API."""

from __future__ import annotations

from typing import ClassVar

import pytest
from openai_dialect import VideosServer

from vmevalkit_core.testing import GeneratorContract


class TestAnyServer(GeneratorContract):
    model = "openai-videos"
    dialect = VideosServer
    env: ClassVar = {"OPENAI_BASE_URL": "{url}/v1"}
    options: ClassVar = {"model": "wan-2.2", "seconds": "4", "send_seed": False}

    @pytest.mark.xfail(reason="these servers have one answer for a used-up quota and for too many requests")
    def test_used_up_quota_ends_the_sending(self, bench):  # type: ignore[no-untyped-def]
        super().test_used_up_quota_ends_the_sending(bench)

    @pytest.mark.xfail(reason="these servers have a code for moderation; a job without a video is a broken one")
    def test_success_without_a_video_is_moderation(self, bench):  # type: ignore[no-untyped-def]
        super().test_success_without_a_video_is_moderation(bench)
