"""The picture as both APIs take it: bare base64, without a `data:` prefix."""

from __future__ import annotations

import asyncio
from base64 import b64encode

from vmevalkit_core import ImageRef


async def encoded(image: ImageRef | None) -> str:
    """A picture in base64; empty where there is none."""
    if image is None:
        return ""
    return await asyncio.to_thread(lambda: b64encode(image.path.read_bytes()).decode())
