"""tlbench from Python: `tlbench.run`, `tlbench.results`, and what they give."""
