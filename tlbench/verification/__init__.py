"""Published runs, made again: whether they come out as they were published, and if not, why not."""
