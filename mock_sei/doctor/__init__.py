"""``mock-sei doctor``: finds what is wrong with a client's setup, and says what to do.

It uses only what a client can see: files, environment, handshakes, and answers of the token
endpoint. It does not use the control listener, so it should also work against the real platform.
"""
