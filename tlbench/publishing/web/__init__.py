"""The page of a suite for a browser: one file that works from disk, with everything it shows inside."""
