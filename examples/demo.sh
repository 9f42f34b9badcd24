#!/bin/sh
# What `make demo` does: deploy to the emulator, log a run with the MLflow 1.5.0 client, read it back.
# Needs COMMAND (mlflow-azure) and CLIENT_PYTHON (a Python with MLflow 1.5.0).
set -eu
here=$(dirname -- "$0")

"$COMMAND" deploy --cloud emulator
eval "$("$COMMAND" env --cloud emulator --show-secrets)"
"$CLIENT_PYTHON" "$here/log_run.py"

cat <<TEXT

The MLflow server stays up: open $MLFLOW_TRACKING_URI
Take it all down:          $COMMAND destroy --cloud emulator --yes
Stop the emulator:         $COMMAND emulator stop
(Both with MLFLOW_AZURE_EMULATOR_HOME=$MLFLOW_AZURE_EMULATOR_HOME)
TEXT
