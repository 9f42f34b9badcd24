"""Azure on this machine: Resource Manager, sign-in, and the services behind them, over HTTPS on loopback.

Imports nothing from the rest of the package. One daemon per home (`python -m mlflow_azure.emulator`), started and
stopped through `mlflow_azure.emulator.launcher`.
"""
