"""The control API: what a test bench does to the platform, over plain HTTP on its own listener."""
