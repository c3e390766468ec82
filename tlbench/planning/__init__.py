"""Planning: from a suite to the runs and the shared work that it means."""
