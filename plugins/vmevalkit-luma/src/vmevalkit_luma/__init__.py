"""Luma's image-to-video models, by both of Luma's APIs, as a vmevalkit plugin."""
