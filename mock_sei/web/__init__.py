"""HTTP: FastAPI applications over a platform. Only this package imports FastAPI."""
