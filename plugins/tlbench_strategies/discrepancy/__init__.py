"""Strategies that measure how far apart the domains are, and make it less."""
