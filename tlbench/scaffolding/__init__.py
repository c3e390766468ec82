"""Plugin packages for others to fill in: `package.py` makes them from the templates beside it."""
