"""`torchhub:`: networks of repositories with a `hubconf.py`."""
