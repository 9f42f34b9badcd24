"""The real services on this machine that the emulated Resource Manager manages."""

from mlflow_azure.emulator.runtime.children import end_leftovers
from mlflow_azure.emulator.runtime.registry.running_registries import Push
from mlflow_azure.emulator.runtime.runtime import Runtime
from mlflow_azure.emulator.runtime.spec import (
    BuildRequest,
    BuildResult,
    InstanceState,
    Mount,
    RuntimeFaultError,
    SiteSpec,
    SiteState,
    TlsMaterial,
)

__all__ = [
    "BuildRequest",
    "BuildResult",
    "InstanceState",
    "Mount",
    "Push",
    "Runtime",
    "RuntimeFaultError",
    "SiteSpec",
    "SiteState",
    "TlsMaterial",
    "end_leftovers",
]
