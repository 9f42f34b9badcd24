"""JSON over HTTP to Azure services without a client library here, through the SDK's own pipeline.

This way, retries, sign-in, user agent, proxies and exceptions are the same as in the management clients.
"""

from __future__ import annotations

from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from mlflow_azure import __version__
from mlflow_azure.azure.request_log import request_log
from mlflow_azure.azure.retries import retry_policy
from mlflow_azure.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from azure.core import PipelineClient
    from azure.core.exceptions import HttpResponseError
    from azure.core.rest import HttpRequest, HttpResponse

    from mlflow_azure.azure.clouds import Cloud
    from mlflow_azure.azure.credential import Credential

T = TypeVar("T")

REPLICATION_SECONDS = 60.0
POLL_SECONDS = 2.0


class RestClient:
    """A service at `base_url` that accepts tokens for `base_url`."""

    def __init__(self, cloud: Cloud, credential: Credential, base_url: str, deadline: Deadline) -> None:
        self._cloud = cloud
        self._credential = credential
        self._base_url = base_url
        self._deadline = deadline

    def send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, query: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Send a request, and return its JSON response; empty if there is none.

        Args:
            method: "GET", "POST", …
            path: Begins with a slash, or is a full URL (the link to the next page).
            body: Sent as JSON.
            query: Query parameters, not encoded.

        Raises:
            azure.core.exceptions.AzureError: As the management clients raise it; ResourceNotFoundError for 404.

        """
        from azure.core.rest import HttpRequest

        url = path if path.startswith("https://") else f"{self._base_url}{path}"
        answer = self._pipeline.send_request(HttpRequest(method, url, json=body, params=query))
        if answer.status_code >= HTTPStatus.BAD_REQUEST:
            raise _error(answer)
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found

    @cached_property
    def _pipeline(self) -> PipelineClient[HttpRequest, HttpResponse]:
        from azure.core import PipelineClient
        from azure.core.pipeline import policies

        options = {"user_agent": f"mlflow-azure/{__version__}", **self._cloud.transport}
        return PipelineClient(
            self._base_url,
            policies=[
                policies.UserAgentPolicy(**options),
                policies.ProxyPolicy(**options),
                retry_policy(self._deadline),
                policies.BearerTokenCredentialPolicy(self._credential, f"{self._base_url}/.default"),
                request_log(),
            ],
            **options,
        )


def _error(answer: HttpResponse) -> HttpResponseError:
    from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError

    match answer.status_code:
        case HTTPStatus.UNAUTHORIZED:
            return ClientAuthenticationError(response=answer)
        case HTTPStatus.NOT_FOUND:
            return ResourceNotFoundError(response=answer)
    return HttpResponseError(response=answer)


def eventually(
    deadline: Deadline,
    request: Callable[[], T],
    is_early: Callable[[HttpResponseError], bool],
    *,
    patience: float = REPLICATION_SECONDS,
    tell: Callable[[], object] = lambda: None,
) -> T:
    """Return the result of `request`, retried for a while if Azure is not ready for it yet.

    Args:
        deadline: When to give up completely.
        request: Sends it.
        is_early: Whether an error means only that.
        patience: Seconds to retry.
        tell: Called before each retry.

    Raises:
        TimedOutError: The deadline passed.
        azure.core.exceptions.HttpResponseError: Any other error; this one too, once the patience is exhausted.

    """
    from azure.core.exceptions import HttpResponseError

    end = Deadline(patience)

    def tried() -> tuple[T] | None:
        try:
            return (request(),)
        except HttpResponseError as error:
            if not is_early(error) or not end.remaining:
                raise
        tell()
        return None

    return deadline.poll(tried, every=POLL_SECONDS)[0]
