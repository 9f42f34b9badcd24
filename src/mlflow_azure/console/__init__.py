"""The only code that writes to stdout and stderr: renders events and answers for terminals, logs and programs.

`create` returns the `Console` that commands use; `text` has helpers for the text of an answer.
"""

from mlflow_azure.console.answers import OutputClosedError
from mlflow_azure.console.facade import Console, create
from mlflow_azure.console.streams import discard, lost_answer

__all__ = ["Console", "OutputClosedError", "create", "discard", "lost_answer"]
