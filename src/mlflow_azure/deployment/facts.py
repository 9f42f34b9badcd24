"""Facts about deployments: the parts of a status, and the entries of a list. Answers contain them unchanged."""

from __future__ import annotations

from dataclasses import dataclass

MISSING = "missing"
HIDDEN = "not visible"
"""The state of a resource that the user cannot see, whether or not it exists."""


@dataclass(frozen=True)
class ResourceState:
    """A resource.

    Attributes:
        kind: "storage account", "web app", …
        name: Its name.
        id: Its id in Azure Resource Manager, or in the service it belongs to.
        state: Azure's term; "missing" if it does not exist, "not visible" if you cannot see it.
        sku: Its size, if it has one.
        location: Its region, if it has one.

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
        digest: Digest of the deployed image, "sha256:…".
        newest: The digest of that tag in the registry; null if it has none.
        is_newest: Whether the two digests are the same.

    """

    reference: str
    digest: str | None
    newest: str | None
    is_newest: bool


@dataclass(frozen=True)
class ShareUse:
    """Usage of the file share: `used_bytes` of `quota_gib` GiB."""

    used_bytes: int
    quota_gib: int


@dataclass(frozen=True)
class Principal:
    """Someone who can sign in: `kind` is User, Group or ServicePrincipal, as in Microsoft Entra ID."""

    name: str
    kind: str


@dataclass(frozen=True)
class ListedDeployment:
    """A deployment.

    Attributes:
        group: Its resource group.
        location: Its region.
        web_app: The name of its web app; null if it has none.
        mlflow: Its MLflow version; null without a web app.
        url: URL of the server; null if it has none.
        state: App Service's term: "Running", "Stopped".
        resources: Number of its resources.

    """

    group: str
    location: str
    web_app: str | None
    mlflow: str | None
    url: str | None
    state: str | None
    resources: int
