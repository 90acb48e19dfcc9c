#!/bin/sh
# Compiles requirements.txt from requirements.in and package-lock.json from package.json (`make lock`).
# No index and no local version stand in either: each machine uses its own sources, and its own build of torch.
set -eu
cd "$(dirname "$0")/.."
.venv/bin/pip-compile --quiet --no-header --no-annotate --strip-extras --no-emit-index-url --no-emit-find-links \
  --no-emit-trusted-host --output-file requirements.new requirements.in
{
  echo "# Compiled from requirements.in by \`make lock\`: change that file, not this one."
  grep -vE '^(#|$|--|setuptools==|nvidia-c|nvidia-n|triton|cuda-)' requirements.new | sed -E 's/^(torch==[^+]+)\+.*/\1/'
} >requirements.txt
rm requirements.new
npm install --package-lock-only --ignore-scripts
