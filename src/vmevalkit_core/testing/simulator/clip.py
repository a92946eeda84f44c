"""The video that is served: a file, or a small mp4 that is made once."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from vmevalkit_core.testing.simulator.settings import BadSetting

SIZE = (64, 64)
FRAMES, FPS = 12, 12


class Clip:
    """The bytes of the video, read once for each file that is named."""

    def __init__(self) -> None:
        self._read: dict[str, bytes] = {}

    def content(self, path: str | None) -> bytes:
        """The bytes of a file, or of the small mp4; BadSetting where the file cannot be read."""
        if path is None:
            return small_clip()
        if path not in self._read:
            try:
                self._read[path] = Path(path).read_bytes()
            except OSError as error:
                raise BadSetting(f"clip {path} cannot be read: {error.strerror}") from error
        return self._read[path]


@cache
def small_clip() -> bytes:
    """An H.264 mp4 of 64 x 64 pixels: one second in which a dark picture becomes bright."""
    from PIL import Image

    from vmevalkit_core.media.encoding import encode_clip

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        encode_clip((Image.new("RGB", SIZE, (20 * n, 20 * n, 60)) for n in range(FRAMES)), path, fps=FPS)
        return path.read_bytes()
