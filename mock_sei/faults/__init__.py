"""What goes wrong on purpose, and answers that a test scripts."""
