"""Strategies that continue training on the target."""
