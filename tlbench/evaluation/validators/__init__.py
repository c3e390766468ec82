"""Validators: what rates a model without target labels, a file for each idea."""
