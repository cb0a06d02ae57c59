"""The OAuth endpoints: client authentication, grants, codes, tokens. It uses no HTTP framework."""
