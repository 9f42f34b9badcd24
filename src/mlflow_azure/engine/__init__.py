"""Plans and applies a set of resources. Knows neither Azure nor the terminal.

    read      every live resource, concurrently; parts of a missing resource are not read
    compare   with the desired state: create, update, delete or keep
    check     whether the creations would be allowed, before the first write
    apply     in dependency order, independent branches in parallel; a resource is read again just before it is changed

A plan stops before the last step. There is no state between runs: the live resources are the
source of truth, so recovering from a crash means running again.
"""

from mlflow_azure.engine.concurrent import gather
from mlflow_azure.engine.execution import Execution, Result
from mlflow_azure.engine.planning import Plan, plan
from mlflow_azure.engine.reading import Reading, read

__all__ = ["Execution", "Plan", "Reading", "Result", "gather", "plan", "read"]
