"""Runway's image-to-video models, and the guests on its API, as a vmevalkit plugin."""
