"""What the platform is: its standards, records, time and addresses. No library but Python's own."""
