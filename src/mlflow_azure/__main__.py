"""`python -m mlflow_azure` is `mlflow-azure`."""

from mlflow_azure.cli.start import main

if __name__ == "__main__":
    main()
