"""Each request that a vendor plugin sends, beside what the vendor's own client was recorded to send.

One job for each vendor, against his simulator: upload, create, poll, download, list, cancel, account. Compared are the
method, the path, the headers that matter, and the names and JSON types of the body; what differs is explained. Dream
Machine is left out: it needs a bucket for its pictures, and its requests are compared in the tests of its plugin.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.captures import CAPTURES, Capture
from benchmarks.common import table
from benchmarks.houses import GEMINI, HOUSES, House
from vmevalkit_core import ApiGenerator, Done, GenerationRequest, Geometry, ImageRef, Submission
from vmevalkit_core.registry import Registry
from vmevalkit_core.runner import Workshop
from vmevalkit_core.testing import Simulator
from vmevalkit_core.testing.recorded import differences

MATTER = ("authorization", "x-runway-version", "x-goog-api-key", "content-type", "accept")
IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?:v1_)?[0-9a-f]{32}|video_\d{6}")
PLACES = re.compile(r"projects/[^/]+/locations/[^/]+/publishers/google/models/[^/:]+")
PLACED = "projects/{project}/locations/{location}/publishers/google/models/{model}"
SIZE = (1280, 720)


def picture(folder: Path, noisy: bool) -> ImageRef:
    """A small picture, or one that is too long for a body of Runway's."""
    path = folder / f"first_frame_{noisy}.png"
    noise = [Image.effect_noise((1600, 1200), 100) for _ in range(3)]
    (Image.merge("RGB", noise) if noisy else Image.new("RGB", SIZE, "navy")).save(path)
    whole = Geometry(source=SIZE, sent=SIZE)
    return ImageRef(path=path, sha256="0" * 64, media_type="image/png", size=SIZE, geometry=whole)


def steps(generator: Any, request: GenerationRequest, large: ImageRef) -> dict[str, Callable[[], Awaitable[Any]]]:
    """What is done for each step, in order; later ones know the job of the earlier."""
    made: dict[str, Any] = {}

    async def create() -> None:
        made["job"] = generator.addressed(await generator.submit(made["request"]))

    async def host() -> None:
        link = await generator.host(request.first_frame)
        await generator.host(large)
        frame = request.first_frame.model_copy(update={"link": link})  # type: ignore[union-attr]
        made["request"] = request.model_copy(update={"first_frame": frame})

    async def poll() -> None:
        made["done"] = await generator.poll(made["job"])
        assert isinstance(made["done"], Done)

    async def fetch() -> None:
        await generator.fetch(made["done"], large.path.with_suffix(".mp4"))

    async def find() -> None:
        now = datetime.now(UTC)
        await generator.find(request, (now - timedelta(minutes=1), now))

    async def cancel() -> None:
        await generator.cancel(Submission(id=made["job"].id))

    optional = {"list": find if generator.can_find else None, "cancel": cancel if generator.can_cancel else None}
    asks = type(generator).check_account is not ApiGenerator.check_account
    named = {
        "upload": host,
        "create": create,
        "poll": poll,
        "download": fetch,
        **optional,
        "account": generator.account if asks else None,
    }
    return {step: call for step, call in named.items() if call}


async def sent(house: House, simulator: Simulator, folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The requests of each step, as they arrived."""
    registry, env = Registry.load(), house.env(simulator.url, folder)
    workshop, spec = Workshop(registry, env=env), registry.get(house.listed)
    chosen = registry.options_class(spec)().model_dump(mode="json")
    seed = None if spec.seeds is None else 7
    frame = picture(folder, noisy=False)
    request = GenerationRequest(
        model=spec.name, prompt="Solve it.", first_frame=frame, options=chosen, seed=seed, token="0123abc"
    )
    found: dict[str, list[dict[str, Any]]] = {}
    try:
        await workshop.worker.prepare(spec)
        generator = workshop.worker.generator(spec)
        for step, call in steps(generator, request, picture(folder, noisy=True)).items():
            if step == "account":
                with suppress(AttributeError):
                    generator._tokens._credentials = None  # else the token of the steps before would do
            simulator.forget()
            await call()
            found[step] = simulator.requests()
    finally:
        await workshop.close(1.0)
    if "upload" in found:
        found["store"] = [one for one in found["upload"] if "/stor" in one["path"]][-1:]
        found["upload"] = [one for one in found["upload"] if "/stor" not in one["path"] and one["phase"] == "upload"]
    return found


def line_of(request: dict[str, Any]) -> str:
    """Method and path, ids and signatures left out."""
    path = PLACES.sub(PLACED, IDS.sub("{id}", request["target"]))
    return f"{request['method']} {re.sub(r'[?](lives|signature|expires)=.*', '', path)}"


def headers_of(request: dict[str, Any]) -> dict[str, str]:
    """The headers that matter, without the key."""
    found = {name: value for name, value in request["headers"].items() if name in MATTER and value != "*/*"}
    return {name: _plain(name, value) for name, value in found.items()}


def _plain(name: str, value: str) -> str:
    if name == "x-goog-api-key":
        return "..."
    return "Bearer ..." if name == "authorization" else value.partition(";")[0]


def shape(value: Any) -> Any:
    """Names and JSON types."""
    if isinstance(value, dict):
        return "a file" if set(value) == {"size", "sha256"} else {name: shape(one) for name, one in value.items()}
    if isinstance(value, list):
        if value and isinstance(value[0], dict) and {"name", "filename"} <= set(value[0]):
            return {part["name"]: "a file" if part["filename"] else "str" for part in value}
        return [shape(one) for one in value]
    return "a file" if isinstance(value, bytes) else type(value).__name__


def compared(capture: Capture, request: dict[str, Any]) -> Iterator[str]:
    """Every difference, in words."""
    if capture.line != (line := line_of(request)):
        yield f"`{line}`"
    yield from differences(capture.headers, headers_of(request), "headers")
    if capture.step != "account" or capture.body is not None:
        yield from differences(shape(capture.body), shape(request["body"] or None), "body")


def rows(house: House) -> Iterator[tuple[str, ...]]:
    """Each request of one vendor's client, and how ours is."""
    with tempfile.TemporaryDirectory() as folder, house.open(running_seconds=0.0) as simulator:
        found = asyncio.run(sent(house, simulator, Path(folder)))
    for capture in CAPTURES[house.name]:
        ours = found.get(capture.step) or []
        told = list(compared(capture, ours[-1])) if ours else ["not sent"]
        names = ", ".join(f"{name}: {value}" for name, value in capture.headers.items())
        body = "" if capture.body is None else f"`{shape(capture.body)}`"
        yield house.name, capture.step, f"`{capture.line}`", names, body, "; ".join(told) or "the same", capture.why
    for step in sorted(set(found) - {one.step for one in CAPTURES[house.name]}):
        for one in found[step][:1]:
            yield house.name, step, "none", "", "", f"`{line_of(one)}`", ""


def main() -> int:
    """Send, compare; 1 where a difference has no reason."""
    everything = [row for house in (*HOUSES, GEMINI) if house.name in CAPTURES for row in rows(house)]
    table(("vendor", "step", "their line", "their headers", "their body", "ours", "why"), everything)
    others = [row for row in everything if row[5] != "the same"]
    strange = [row for row in others if not row[6]]
    print(f"\n{len(everything)} requests, {len(others)} differ, {len(strange)} of them without a reason")
    return int(bool(strange))


if __name__ == "__main__":
    sys.exit(main())
