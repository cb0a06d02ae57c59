"""The platform's certificates: its CA, the leaves it issues, the files clients get them in.

Only this package imports trustme; cryptography it alone but for ``doctor/``.
"""
