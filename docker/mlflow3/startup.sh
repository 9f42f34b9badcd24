#!/bin/sh
# Becomes the server: the package beside this file checks the settings and the database's schema, then serves MLflow by
# uvicorn. Needs a Python with requirements.lock on PATH; runs as any user.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
PYTHONPATH="$here${PYTHONPATH:+:$PYTHONPATH}" exec python -m mlflow3_app
