"""``python -m mock_sei``."""

from mock_sei.cli import main

if __name__ == "__main__":
    main()
