"""``python -m node.cli``: the program by the interpreter that runs this one."""

import sys

from node.cli.main import main

sys.exit(main())
