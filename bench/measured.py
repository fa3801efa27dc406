"""Runs one `flask` command in this process, then prints its peak memory in MiB."""

import resource
import sys

from flask.cli import main

if __name__ == "__main__":
    sys.argv[0] = "flask"
    try:
        main()
    except SystemExit as end:
        if end.code:
            raise
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
