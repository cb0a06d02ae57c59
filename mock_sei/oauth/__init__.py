"""The token endpoint: requests, client authentication, grants, tokens. Knows no HTTP framework."""
