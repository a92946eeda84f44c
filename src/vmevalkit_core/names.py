"""Which names may become folders: one rule for models, domains, tasks, experiments and run ids."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 200
"""Bytes of a folder name at most; file systems stop at 255 and our temporary names need room."""
# The last of these turn the direction of a line or end it: a terminal would show another name than there is.
_UNSEEN = r"\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069"
_FORBIDDEN = re.compile(rf'[/\\:*?"<>|{_UNSEEN}]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def name_problem(name: str) -> str | None:
    """Why a name cannot be a folder of the results on every platform, or None."""
    if not name:
        return "is empty"
    if bad := _FORBIDDEN.search(name):
        return f"holds {bad.group()!r}"
    if name != name.strip() or name.startswith(".") or name.endswith("."):
        return "begins or ends with a dot or a space"
    if _RESERVED.fullmatch(name):
        return "is a reserved device name"
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        return "is not valid Unicode"
    return f"has {size} bytes, more than {LONGEST}" if size > LONGEST else None


def folded(name: str) -> str:
    """The name as a disk sees it that ignores case and the ways of writing an accent."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def printable(text: str) -> str:
    """The text on one line, with what would change how it is shown spelled out."""
    return re.sub(f"[{_UNSEEN}]", lambda match: repr(match.group())[1:-1], text)
