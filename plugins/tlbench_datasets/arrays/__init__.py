"""Own arrays: `npz:` and `svmlight:`."""
