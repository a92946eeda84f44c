"""The process in which a local model runs: `python -m vmevalkit_core.worker`, started by commands only."""
