"""What a test can do to a platform, a file for each subject and one row for each operation.

An operation is a frozen request with typed fields; ``perform`` does it. The control API, its
OpenAPI document, the attached mode, the in-process mode, the commands and the reference are made
from :mod:`mock_sei.operations.table`. Nothing here knows HTTP.
"""
