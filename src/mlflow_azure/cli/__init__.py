"""The command line. One module per command: parse, call, render. No Azure here, no logic."""

from mlflow_azure.cli.main import main

__all__ = ["main"]
