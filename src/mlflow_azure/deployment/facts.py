"""What is told of deployments: the parts of a status, and the entries of a list. Answers hold them as they are."""

from __future__ import annotations

from dataclasses import dataclass

MISSING = "missing"
HIDDEN = "not visible"
"""The state of what the user may not see, whether or not it exists."""


@dataclass(frozen=True)
class ResourceState:
    """A resource.

    Attributes:
        kind: "storage account", "web app", …
        name: Its name.
        id: Its id in Azure Resource Manager, or in the service that keeps it.
        state: As Azure calls it; "missing" where it does not exist, "not visible" where you may not see it.
        sku: Its size, where it has one.
        location: Its region, where it has one.

    """

    kind: str
    name: str
    id: str
    state: str
    sku: str | None
    location: str | None


@dataclass(frozen=True)
class RunningImage:
    """The image that the web app runs.

    Attributes:
        reference: "mlflow3f9a1c02.azurecr.io/mlflowimage:latest".
        digest: Of the image that was deployed, "sha256:…".
        newest: The digest that the registry has under the same tag now; null where it has none.
        is_newest: Whether the two are the same.

    """

    reference: str
    digest: str | None
    newest: str | None
    is_newest: bool


@dataclass(frozen=True)
class ShareUse:
    """How full the file share is: `used_bytes` of `quota_gib` GiB."""

    used_bytes: int
    quota_gib: int


@dataclass(frozen=True)
class Principal:
    """Who may sign in: `kind` is User, Group or ServicePrincipal, as Microsoft Entra ID calls it."""

    name: str
    kind: str


@dataclass(frozen=True)
class ListedDeployment:
    """A deployment.

    Attributes:
        group: Its resource group.
        location: Its region.
        web_app: The name of its web app; null where it has none.
        mlflow: The MLflow that it runs; null without a web app.
        url: Where the server is reached; null where it has none.
        state: As App Service calls it: "Running", "Stopped".
        resources: How many resources it has.

    """

    group: str
    location: str
    web_app: str | None
    mlflow: str | None
    url: str | None
    state: str | None
    resources: int
