"""Plans and applies a set of resources. Knows neither Azure nor the terminal.

    read      every live resource, concurrently; what lives in something that does not exist is not asked for
    compare   with what is desired: create, update, delete or keep
    check     whether what is to be created would be allowed, before the first write
    apply     in order of dependencies, independent branches at the same time; what is changed is read again just before

Whoever only wants to look stops before the last step. There is no state between runs: the live resources are the
record, so recovering from a crash is running again.
"""

from mlflow_azure.engine.concurrent import gather
from mlflow_azure.engine.execution import Execution, Result
from mlflow_azure.engine.planning import Plan, plan
from mlflow_azure.engine.reading import Reading, read

__all__ = ["Execution", "Plan", "Reading", "Result", "gather", "plan", "read"]
