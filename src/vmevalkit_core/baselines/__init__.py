"""Two models that cost nothing and learn nothing: the floor and the ceiling of any score."""
