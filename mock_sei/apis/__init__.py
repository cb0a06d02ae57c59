"""The functional APIs: OpenAPI documents and records in, answers out. Knows no HTTP framework."""
