"""Every fact of the vendor's public pages, each with the call that shows it.

A module for each subject; :mod:`tests.facts.every` puts them together. What is right is written
here as the page says it, and is taken from no document and no code of the platform.
"""
