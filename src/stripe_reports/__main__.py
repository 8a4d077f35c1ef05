"""``python -m stripe_reports`` is the command line."""

import sys

from stripe_reports.cli import main

sys.exit(main())
