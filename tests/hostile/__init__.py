"""Plugins that break the rules, as real distributions on a path: what the core must survive."""
