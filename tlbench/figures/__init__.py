"""What figures show, as plain data, and drawings of it: the page and the papers' figures are made from the same."""
