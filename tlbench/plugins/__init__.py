"""Plugin discovery, registries and trust."""
