"""The platform's certificates: its CA, the certificates that it issues, and their file formats.

Only this package imports trustme. Only this package and ``doctor/`` import cryptography.
"""
