#!/usr/bin/env python3
"""The one entry to Writ: `manage.py demo | up | lists | determine | screen | submit | chain | ledger | evidence`."""

import sys

from config.entry import main

if __name__ == "__main__":
    sys.exit(main(sys.argv))
