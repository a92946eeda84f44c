"""LTX-Video for vmevalkit."""
