"""What a client, a test or the machine does to a running server, and what must hold then."""
