"""Draws the ten sample questions that ship with vmevalkit, two for each of five domains."""
