"""One module for each bundled product: what it answers, accepts and refuses."""
