"""Command line: `python -m tools.samples [--out FOLDER]`, run from the root of the repository."""

import argparse
from pathlib import Path

from .collection import write_all

SHIPPED = Path(__file__).parents[2] / "src" / "vmevalkit_core" / "samples"


def main() -> None:
    """Draw all sample questions and name their folders."""
    parser = argparse.ArgumentParser(prog="python -m tools.samples", description="Draw the ten sample questions.")
    parser.add_argument("--out", type=Path, default=SHIPPED, metavar="FOLDER", help="default: %(default)s")
    for folder in write_all(parser.parse_args().out):
        print(folder)


if __name__ == "__main__":
    main()
