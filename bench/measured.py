"""Runs one `flask` command in this process, then prints its peak memory in MiB, and that of its largest child."""

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
    for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        print(resource.getrusage(whose).ru_maxrss / 1024)
