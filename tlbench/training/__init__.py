"""Training: the loop, batches, schedules, seeds, losses, layers."""
