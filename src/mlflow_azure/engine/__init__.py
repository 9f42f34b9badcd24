"""Plans and applies a set of resources. Knows neither Azure nor the terminal.

    read      every live resource, concurrently; what lives in something that does not exist is not asked for
    compare   with what is desired: create, update, delete or keep
    check     whether Azure would allow what is to be created, before the first write
    apply     in order of dependencies, independent branches at the same time; what is changed is read again just before

`plan` and `status` stop after the comparison, `deploy` goes on. There is no state between runs: Azure is the record,
so going on after a crash is running again.
"""

from mlflow_azure.engine.application import Application, Result
from mlflow_azure.engine.concurrent import gather
from mlflow_azure.engine.planning import Plan, plan
from mlflow_azure.engine.reading import Reading, read

__all__ = ["Application", "Plan", "Reading", "Result", "gather", "plan", "read"]
