"""Watching which files a plugin opens: the watch itself must not wait for what it watches."""

import subprocess
import sys

CODE = """
import tempfile
from tlbench.testing.side_effects import only_allowed_files
tempfile.tempdir = None  # as in a process that has made no temporary file yet
with only_allowed_files() as heard:
    tempfile.gettempdir()
    open(__import__("os").devnull).close()
print(heard)
"""


def test_a_process_that_has_made_no_temporary_file_yet_can_be_watched():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
