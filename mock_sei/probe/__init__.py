"""Asks the real platform the questions whose answers are the assumptions, and records them.

``table.py`` has the probes. Nothing here knows what the right answer is: ``mock-sei compare`` does.
"""
