"""Explains why a caller's value is refused, for the journal.

The functions are pure and know no platform. No sentence contains a part of a secret. The time of
each function is at most linear in the caller's text.
"""
