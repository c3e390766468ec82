"""The command line: one file per command, each a plain function that returns an exit code."""
