"""The control API: what a test does to the platform, over plain HTTP on its own listener."""
