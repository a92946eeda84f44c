"""Morphic frames-to-video for vmevalkit."""
