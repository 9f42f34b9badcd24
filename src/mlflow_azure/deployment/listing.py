"""The deployments of a subscription, found by the tag of everything we create."""

from __future__ import annotations

from collections import defaultdict
from itertools import chain
from typing import TYPE_CHECKING

from mlflow_azure.azure.refusals import doing
from mlflow_azure.deployment.facts import ListedDeployment
from mlflow_azure.deployment.inventory import SITE
from mlflow_azure.resources.arm import MANAGED_BY, MLFLOW_VERSION, OURS
from mlflow_azure.settings import FILE_SHARE
from mlflow_azure.settings.naming import canonical_location

if TYPE_CHECKING:
    from azure.mgmt.resource.resources.models import GenericResourceExpanded
    from azure.mgmt.web.models import Site

    from mlflow_azure.azure.clients import Azure


def deployments(azure: Azure) -> tuple[ListedDeployment, ...]:
    """Return the subscription's deployments that the user can see, by resource group.

    Raises:
        MlflowAzureError: Azure cannot be read.

    """
    groups: dict[str, list[GenericResourceExpanded]] = defaultdict(list)
    with doing("listing the deployments of your Azure subscription"):
        tagged = azure.resources.resources.list(filter=f"tagName eq '{MANAGED_BY}' and tagValue eq '{OURS}'")
        for resource in tagged:
            groups[str(resource.id).split("/")[4]].append(resource)
        # By group: with a role on some groups only, the list of the whole subscription may be refused.
        with_site = [group for group, found in groups.items() if any(each.type == SITE for each in found)]
        listed = chain.from_iterable(map(azure.web.web_apps.list_by_resource_group, with_site))
        sites = {str(site.id).lower(): site for site in listed}
    return tuple(_listed(azure, group, found, sites) for group, found in sorted(groups.items()))


def _listed(azure: Azure, group: str, found: list[GenericResourceExpanded], sites: dict[str, Site]) -> ListedDeployment:
    tagged = next((each for each in found if each.type == SITE), None)
    site = sites.get(str(tagged.id).lower()) if tagged else None
    return ListedDeployment(
        group=group,
        location=canonical_location(str((tagged or found[0]).location)),
        web_app=tagged.name if tagged else None,
        mlflow=(tagged.tags or {}).get(MLFLOW_VERSION, FILE_SHARE) if tagged else None,
        url=f"{azure.cloud.site_scheme}://{site.default_host_name}" if site else None,
        state=site.state if site else None,
        resources=len(found),
    )
