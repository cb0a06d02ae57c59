"""HTTP: FastAPI applications over a sandbox. Only this package imports FastAPI."""
