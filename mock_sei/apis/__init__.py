"""The functional APIs: OpenAPI documents and records go in, answers come out.

Without an HTTP framework.
"""
