"""Attacks, faults and shortages at a running server, and what must still work."""
