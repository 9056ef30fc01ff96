#!/bin/sh
# Validates what we write against the official schemas: schemas_test.sh PATH-OF-reencode FIXTURES. The schemas lie
# beside the recordings (in ../official_schemas and ../openai_openapi): where SLUICE_RECORDINGS names those, a schema
# that is missing is a failure.
set -eu
if [ -z "${SLUICE_RECORDINGS:-}" ]; then
  echo "*** SLUICE_RECORDINGS is not set: NOTHING WAS VALIDATED AGAINST THE OFFICIAL SCHEMAS. ***"
  exit 77
fi
: "${SLUICE_PYTHON:?is not set (the Python with jsonschema_rs installed): run scripts/test}"
export PYTHONDONTWRITEBYTECODE=1
exec "$SLUICE_PYTHON" "$(dirname "$0")/schemas_test.py" "$1" "$2" "$SLUICE_RECORDINGS"
