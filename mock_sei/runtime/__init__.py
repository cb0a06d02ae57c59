"""Sockets, TLS and the event loop. Only this package imports uvicorn."""
