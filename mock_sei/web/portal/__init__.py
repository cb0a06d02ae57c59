"""The developer portal over HTTP: pages on the one-way listener, without a log-in of their own."""
