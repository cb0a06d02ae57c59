"""Every fact of the vendor's public pages, each with the call that shows it.

A module for each subject; :mod:`tests.facts.every` puts them together. What is right is written
here as the page says it, and is taken from no document and no code of the platform.

A page is named by its path below ``https://developers.seic.com/browse/``, that of a product below
``/browse/apis/``, and every other one by its whole path, which begins with a slash.
"""
