"""The journal: requests with their answers, failed handshakes, and the reason of each refusal."""
