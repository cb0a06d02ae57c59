"""What texts, numbers, paths and files may be, whoever sends them."""
