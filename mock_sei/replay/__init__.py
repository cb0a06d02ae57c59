"""Answers of a recording, given again: which call gets which recorded answer.

A recorded request and a call are brought into one form (``requests.py``), so that a call finds its
answers by a few look-ups (``recorded_calls.py``), however many exchanges a recording has.
"""
