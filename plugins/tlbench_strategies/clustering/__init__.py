"""Strategies without labels."""
