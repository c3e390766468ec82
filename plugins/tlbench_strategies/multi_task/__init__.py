"""Strategies that train on several tasks at once."""
