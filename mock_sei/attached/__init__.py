"""A platform that runs elsewhere, driven by its control API alone."""
