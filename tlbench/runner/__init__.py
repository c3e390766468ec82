"""What was asked for, planned on this machine, and run: under the command line and the Python API alike."""
