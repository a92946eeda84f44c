"""What is left of a run: a video that plays, and a record that can answer a question a year later."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from vmevalkit_core.audit import validate
from vmevalkit_core.media.clips import check_clip
from vmevalkit_core.testing.bench import Bench
from vmevalkit_core.testing.promises.stage import Stage


class Recording(Stage):
    """What is promised about the folder of a run."""

    def test_clip_plays(self, bench: Bench) -> None:
        """Decoded to its last frame, byte for byte what the vendor served, with its hash on record."""
        ended = bench.run()
        assert ended.end == "success", ended
        (path,) = bench.out.rglob("generated_video.mp4")
        info = check_clip(path)
        assert info.frames > 0
        assert bench.record["provenance"]["clip"]["sha256"] == info.sha256
        assert validate(bench.out).findings == []
        assert not list(bench.out.rglob("*.part"))

    def test_record_is_complete(self, bench: Bench) -> None:
        """Who made it, by which job, asked for what, at what price, with which account."""
        assert bench.run().end == "success"
        record, spec = bench.record, bench.subject.spec
        facts: dict[str, Any] = record["provenance"]
        (job,) = bench.vendor.accepted()
        assert facts["submission"]["id"] == record["output"]["generation_id"]
        assert record["inference"]["model"] == spec.name
        assert facts["provider_model"] == spec.provider_model
        assert self.options.items() <= facts["options_given"].items()
        assert facts["intent"]["request_sha256"]
        assert (facts["account"] is None) == (not bench.subject.secrets)
        assert record["output"]["generation_id"] == job["id"]

    def test_charge_is_within_the_price(self, bench: Bench) -> None:
        """People decide by the estimate; what the vendor tells is on record as he told it."""
        assert bench.run().end == "success"
        cost, billed = bench.record["provenance"]["cost"], bench.vendor.billed()
        assert cost["estimated"] is None or billed <= Decimal(cost["estimated"])
        assert cost["charged"] is None or Decimal(cost["charged"]) == billed
