"""Execution: a warm template that holds no data, and a fresh process forked from it for each run."""
