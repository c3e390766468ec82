"""Strategies that learn from their own predictions for the target, or make these sure and diverse."""
