"""Recordings of a platform's traffic, as files in HAR 1.2: what record and probe write, and what
replay and compare read.

``exchanges.py`` has the records, ``files.py`` reads and writes a folder of them. Secrets are
replaced in memory, before anything is written (``placeholders.py``).
"""
