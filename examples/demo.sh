#!/bin/sh
# What `make demo` does: deploy MLflow to the emulator, log to it, read back what was logged.
#
#   demo.sh 1.5.0 | 3
#
# Needs COMMAND (mlflow-azure), MLFLOW_AZURE_EMULATOR_HOME and CLIENT_PYTHON (a Python with the MLflow client: 1.5.0, or
# today's). The two are deployments of their own, and can be there at the same time.
set -eu
here=$(dirname -- "$0")
mlflow=${1:-1.5.0}

if [ "$mlflow" = 3 ]; then
    options="--cloud emulator --mlflow 3 --rg-name mlflow3-rg"
    # shellcheck disable=SC2086 # a list of words, as below
    "$COMMAND" deploy $options --public
    eval "$("$COMMAND" env $options)"
    "$CLIENT_PYTHON" -W ignore "$here/register_model.py"
else
    options="--cloud emulator"
    # shellcheck disable=SC2086
    "$COMMAND" deploy $options
    eval "$("$COMMAND" env $options --show-secrets)"
    "$CLIENT_PYTHON" -W ignore "$here/log_run.py"
fi

[ "$mlflow" = 3 ] && database=" --delete-database" || database=""
emulator="MLFLOW_AZURE_EMULATOR_HOME='$MLFLOW_AZURE_EMULATOR_HOME' '$COMMAND'"
cat <<TEXT

The MLflow server stays up: open $MLFLOW_TRACKING_URI

Delete everything:
  $emulator destroy $options --yes$database
Stop the emulator, and keep what is in it:
  $emulator emulator stop
TEXT
