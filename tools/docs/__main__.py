"""Write the generated blocks of every page, or say which pages are stale."""

from __future__ import annotations

import sys

from tools.docs.pages import PAGES, refreshed

REFRESH = "refresh the generated blocks with: python -m tools.docs"


def main(args: list[str]) -> int:
    """0 when every page is as it should be."""
    stale = [page for page in PAGES if page.read_text("utf-8") != refreshed(page)]
    if args == ["--check"]:
        for page in stale:
            print(f"{page.name} is stale; {REFRESH}", file=sys.stderr)
        return int(bool(stale))
    for page in stale:
        page.write_text(refreshed(page), "utf-8")
        print(f"wrote {page}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
