"""Makes ``docs/reference.md`` and ``docs/control.md`` from docstrings: ``make tables``."""
