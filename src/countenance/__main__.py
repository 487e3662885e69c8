"""`python -m countenance` is the command `countenance`."""

import sys

from countenance.cli.main import main

sys.exit(main())
