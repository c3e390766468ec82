"""tlbench from Python: `tlbench.run`, `tlbench.load_results`, and what they give."""
