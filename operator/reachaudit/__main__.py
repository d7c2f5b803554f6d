"""`python -m reachaudit`."""

import sys

from reachaudit.cli import main

sys.exit(main())
