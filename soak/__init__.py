"""A long, rough day for one server: mixed load, hostile connections, kills. ``make soak``."""
