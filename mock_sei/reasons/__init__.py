"""Why a caller's value is refused, in words for the journal: pure functions that know no platform.

None of them tells a part of a secret. All of them cost what the caller's text is long, or less.
"""
