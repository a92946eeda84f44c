"""Writes the generated parts of the documentation: `python -m tools.docs`; `--check` fails when they are stale."""
