"""The platform's own rules: standards, records, time and addresses. Only Python's own library."""
