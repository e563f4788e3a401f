"""Run a file as a module does: `python -m support.script FILE ...`."""

import sys
from pathlib import Path

if __name__ == "__main__":
    exec(compile(Path(sys.argv[1]).read_text(), sys.argv[1], "exec"))
