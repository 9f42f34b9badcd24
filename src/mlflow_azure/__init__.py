"""Deploy an MLflow tracking server to Azure, and operate it."""

__version__ = "0.1.0"
