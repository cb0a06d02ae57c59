"""Long tests of one server: mixed load, hostile connections and traffic, kills (``make soak``)."""
