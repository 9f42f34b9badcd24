"""For Python programs and notebooks that log to the deployed server.

>>> import mlflow
>>> from mlflow_azure.client import connect
>>> connect()
>>> with mlflow.start_run():
...     mlflow.log_metric("rmse", 0.42)
"""

from mlflow_azure.client.environment import connect

__all__ = ["connect"]
