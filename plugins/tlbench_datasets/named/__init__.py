"""Datasets of the literature, by name."""
