"""The command line. One module per command: parse, call, render. No Azure here, no logic."""

from mlflow_azure.cli.start import main

__all__ = ["main"]
