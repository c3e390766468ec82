"""Pages made from records: a folder for each suite, from which all of it can be made again, and a summary of them."""
