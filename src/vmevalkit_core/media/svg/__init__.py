"""SVG files as pictures: checked first, then drawn in a short-lived process that may neither hang nor swell."""

from vmevalkit_core.media.svg.draw import Drawn, draw_svg, svg_renderer
from vmevalkit_core.media.svg.text import HEAD, is_svg

__all__ = ["HEAD", "Drawn", "draw_svg", "is_svg", "svg_renderer"]
