"""``mock-sei record``: the mock's two platform listeners in front of the real platform.

``server.py`` has the listeners, ``relay.py`` one client's connection, ``upstream.py`` the
connections to the real platform, ``writing.py`` the recording.
"""
