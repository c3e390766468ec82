"""Suites: a file that names a grid of runs, read and checked."""
