"""Records of runs, on disk and in published folders."""
