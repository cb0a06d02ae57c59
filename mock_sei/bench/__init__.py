"""What a test bench adds to the platform: a journal that explains, diagnoses of handshakes."""
