"""`python -m tlbench`: the same as the command `tlbench`."""

import sys

from tlbench.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
