"""The commands of the command line. Each command of more than a few lines has its own module."""
