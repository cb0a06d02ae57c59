"""Compares a recording of the real platform with a mock: plays it, and says what differs.

``cast.py`` and ``seen_records.py`` read from a recording who acts in it and which records there
are. ``playing.py`` plays it against a fresh platform in this process. ``judging.py`` finds the
differences of two answers, ``covering.py`` the assumptions that cover them, and ``rounds.py`` plays
again with those until nothing more changes. ``reports.py`` shows the result.
"""
