"""Files of Git LFS that stand for content which was not fetched: the usual state of a dataset that was only cloned."""

from __future__ import annotations

_SPEC = b"version https://git-lfs.github.com/spec"
HINT = "fetch the content: git lfs pull"


def is_pointer(data: bytes) -> bool:
    """Whether a file's content, or its beginning, is such a pointer."""
    return data.startswith(_SPEC)
