"""Own images: `folder:`."""
