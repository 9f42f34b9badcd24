"""Microsoft.Web: App Service's runtimes, for `az webapp create --runtime`.

The format is from recordings of Azure of 2024, api-version 2023-01-01 (azure-cli, command module appservice).
"""

from __future__ import annotations

from typing import Any

from mlflow_azure.emulator.arm.call import Answer, Call, Endpoints
from mlflow_azure.emulator.arm.web_plans import web_list

endpoints = Endpoints("https://learn.microsoft.com/rest/api/appservice/provider/get-web-app-stacks")

# https://learn.microsoft.com/azure/app-service/language-support-policy
_PYTHON = ("3.13", "3.12", "3.11", "3.10", "3.9", "3.8", "3.7")
_NODE = ("22", "20", "18", "16")
_DOTNET = ("9", "8", "7", "6")
_SSH = {"supportedFeatures": {"disableSsh": True}}


@endpoints.on("GET", "/providers/Microsoft.Web/webAppStacks", lacks="Java, PHP, Go and Ruby; no runtime is run")
async def list_stacks(_call: Call) -> Answer:
    """The runtimes. A site with one is stored but not run: the emulator runs containers."""
    dotnet = [_major(f".NET {each}", f"dotnet{each}", [_dotnet(each)]) for each in _DOTNET]
    node = [_major(f"Node {each}", each, [_node(each)]) for each in _NODE]
    python = [_major("Python 3", "3", [_python(each) for each in _PYTHON])]
    stacks = [
        _stack("dotnet", ".NET", "windows", dotnet),
        _stack("node", "Node", "linux", node),
        _stack("python", "Python", "linux", python),
    ]
    return Answer(web_list(stacks))


def _stack(name: str, title: str, system: str, majors: list[dict[str, Any]]) -> dict[str, Any]:
    properties = {"displayText": title, "value": name, "preferredOs": system, "majorVersions": majors}
    return {"id": None, "name": name, "type": "Microsoft.Web/webAppStacks?stackOsType=All", "properties": properties}


def _major(title: str, value: str, minors: list[dict[str, Any]]) -> dict[str, Any]:
    return {"displayText": title, "value": value, "minorVersions": minors}


def _dotnet(version: str) -> dict[str, Any]:
    action = f"{version}.x"
    settings = {
        "windowsRuntimeSettings": _runtime(f"v{version}.0", action, off=False),
        "linuxRuntimeSettings": _runtime(f"DOTNETCORE|{version}.0", action, off=False) | _SSH,
    }
    return {"displayText": f".NET {version}", "value": version, "stackSettings": settings}


def _node(version: str) -> dict[str, Any]:
    action = f"{version}.x"
    settings = {
        "linuxRuntimeSettings": _runtime(f"NODE|{version}-lts", action, off=False) | _SSH,
        "windowsRuntimeSettings": _runtime(f"~{version}", action, off=False),
    }
    return {"displayText": f"Node {version} LTS", "value": f"{version}-lts", "stackSettings": settings}


def _python(version: str) -> dict[str, Any]:
    settings = {"linuxRuntimeSettings": _runtime(f"PYTHON|{version}", version, off=True) | _SSH}
    return {"displayText": f"Python {version}", "value": version, "stackSettings": settings}


def _runtime(version: str, action_version: str, *, off: bool) -> dict[str, Any]:
    return {
        "runtimeVersion": version,
        "remoteDebuggingSupported": False,
        "appInsightsSettings": {"isSupported": True, "isDefaultOff": off},
        "gitHubActionSettings": {"isSupported": True, "supportedVersion": action_version},
    }
