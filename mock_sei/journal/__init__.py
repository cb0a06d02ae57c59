"""What the server saw: exchanges, handshakes, and why each was refused."""
