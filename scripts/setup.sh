#!/bin/sh
# Finds a Python that is new enough and can make a .venv (PYTHON=… names one), and lets it set Writ up.
set -u
cd "$(dirname "$0")/.." || exit 1
for modules in "sys, venv, ensurepip" "sys"; do # setup.py tells what a Python without venv lacks
  for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3 /usr/local/bin/python3; do
    if "$candidate" -c "import $modules; sys.exit(sys.version_info < (3, 11))" 2>/dev/null; then
      exec "$candidate" scripts/setup.py
    fi
  done
done
found=$(python3 --version 2>/dev/null || echo none)
echo "setup: Writ needs Python 3.11 or newer (found: $found)." \
  "Install it (apt-get install python3 python3-venv), or name it: make setup PYTHON=/path/to/python3" >&2
exit 1
