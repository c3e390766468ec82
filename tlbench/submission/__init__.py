"""Rows from others: a folder for a pull request, and the checks that it has to pass."""
