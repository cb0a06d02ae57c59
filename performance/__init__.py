"""How fast the server is (benchmarks), and what it withstands (soak)."""
