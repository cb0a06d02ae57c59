"""What users hold: a platform in process or attached, its handles, the pytest plugin."""
