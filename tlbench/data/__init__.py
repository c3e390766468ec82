"""Making domains ready: checked, permuted, memory-mapped, with labels kept apart from inputs."""
