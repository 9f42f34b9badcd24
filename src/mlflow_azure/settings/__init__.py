"""The settings: one table, four sources. Imports neither an Azure SDK nor the console."""

from __future__ import annotations

from mlflow_azure.settings.file import DEFAULT_FILE, whole_text
from mlflow_azure.settings.load import Loaded, Options, Source, Value, load
from mlflow_azure.settings.rules import OFF
from mlflow_azure.settings.table import FILE_SHARE, POSTGRES, SETTINGS, Setting, Settings

__all__ = [
    "DEFAULT_FILE",
    "FILE_SHARE",
    "OFF",
    "POSTGRES",
    "SETTINGS",
    "Loaded",
    "Options",
    "Setting",
    "Settings",
    "Source",
    "Value",
    "load",
    "whole_text",
]
