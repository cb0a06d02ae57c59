"""Faults that a test injects, and answers that a test scripts."""
