"""Parts that datasets of several kinds share."""
