#!/bin/sh
# Runs one suite of this folder: run.sh FILE. scripts/test makes the virtual environment and installs the
# Node packages, and says where they are.
set -eu
: "${SLUICE_BINARY:?is not set (the binary under test): run scripts/test}"
: "${SLUICE_PYTHON:?is not set (the Python with openai installed): run scripts/test}"
export PYTHONDONTWRITEBYTECODE=1
cd "$(dirname "$0")"
case $1 in
  *.mjs)
    : "${SLUICE_NODE:?is not set (a Node of version 22 or later): run scripts/test}"
    : "${SLUICE_NODE_MODULES:?is not set (the folder that holds openai): run scripts/test}"
    exec "$SLUICE_NODE" --test --test-reporter=spec --test-timeout=120000 "$1"
    ;;
  *) exec "$SLUICE_PYTHON" -m unittest -v "${1%.py}" ;;
esac
