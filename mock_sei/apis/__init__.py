"""The functional APIs: OpenAPI documents and records go in, answers come out.

This folder does not import an HTTP framework.
"""
