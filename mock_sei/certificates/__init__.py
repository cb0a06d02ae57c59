"""The platform's certificates: its CA, the leaves it issues, the files clients get them in.

Only this package (and ``doctor.py``) imports trustme and cryptography.
"""
