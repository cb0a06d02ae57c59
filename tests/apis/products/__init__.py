"""One module for each bundled product: what it answers, takes in and refuses."""
