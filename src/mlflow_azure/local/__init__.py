"""The MLflow server on this machine, in the container that App Service would run: `local-run`."""
