"""The only owner of stdout and stderr: renders events and answers for terminals, logs and programs.

`create` makes the `Console` that commands talk to; `text` has helpers for the text of an answer.
"""

from mlflow_azure.console.answers import OutputClosedError
from mlflow_azure.console.facade import Console, create
from mlflow_azure.console.streams import discard, lost_answer

__all__ = ["Console", "OutputClosedError", "create", "discard", "lost_answer"]
