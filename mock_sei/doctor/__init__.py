"""``mock-sei doctor``: what is wrong with a client's setup, and what to do.

It knows what the client knows and no more: files, environment, handshakes, the token endpoint's
answers. It asks no control listener, so that it works against the real platform in principle.
"""
