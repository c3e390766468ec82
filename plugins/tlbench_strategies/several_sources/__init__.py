"""Strategies that tell several sources from each other."""
