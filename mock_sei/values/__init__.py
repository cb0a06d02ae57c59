"""Which texts, numbers, paths and files are valid, wherever they come from."""
