"""Strategies with a domain discriminator."""
