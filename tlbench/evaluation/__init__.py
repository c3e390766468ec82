"""Evaluation: the only place that holds target test labels. Numpy in, plain numbers out; no torch."""
