"""The rotation samples show what a ray caster sees, which knows nothing of painting order."""
