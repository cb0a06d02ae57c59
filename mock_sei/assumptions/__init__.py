"""What is assumed of the real platform, as values that a user can change: one table."""
