"""How the checks of an SVG say no; `draw_svg` puts the name of the file in front."""

from __future__ import annotations

SAVE_HINT = "export it as a plain SVG, or as a PNG"


class Refusal(Exception):
    """Words that follow the name of the file, such as "contains a <script>"; `hint` names the fix."""

    def __init__(self, cause: str, hint: str = SAVE_HINT) -> None:
        super().__init__(cause)
        self.cause = cause
        self.hint = hint


def quoted(value: str) -> str:
    """A value out of a file, short enough for a sentence."""
    return repr(value if len(value) <= 60 else value[:57] + "...")
