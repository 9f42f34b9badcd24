"""The errors of Azure Resource Manager and its resource providers, in Azure's own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class ArmError(Exception):
    """A request was refused.

    Args:
        status: HTTP status.
        code: Azure's error code.
        message: Azure's message.
        headers: Headers of the response, for example WWW-Authenticate.

    """

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """The body of the response."""
        return {"error": {"code": self.code, "message": self.message}}


class NetworkError(ArmError):
    """An error of Microsoft.Network itself, which tells details, even if there are none: recorded in 2023 to 2026."""

    def body(self) -> dict[str, Any]:
        """The body of the response."""
        return {"error": {"code": self.code, "message": self.message, "details": []}}


class WebError(ArmError):
    """An error of App Service itself, whose format differs from Resource Manager's.

    A real one: github.com/Azure/azure-sdk-for-java/issues/1827. `extended_code` gives the reason as a number;
    `parameters` are the values for `{0}`, `{1}` … in the message.
    """

    def __init__(
        self, status: int, code: str, message: str, extended_code: str | None = None, *parameters: str
    ) -> None:
        super().__init__(status, code, message.format(*parameters) if parameters else message)
        self.extended_code = extended_code
        self._template = message
        self._parameters = parameters

    def body(self) -> dict[str, Any]:
        """The body of the response: capitalised, and without the "error" wrapper."""
        entity: dict[str, Any] = {"Code": self.code, "Message": self.message, "MessageTemplate": self._template}
        if self.extended_code:
            entity["ExtendedCode"] = self.extended_code
        if self._parameters:
            entity["Parameters"] = list(self._parameters)
        details = [{"Message": self.message}, {"Code": self.code}, {"ErrorEntity": entity}]
        return {
            "Code": self.code,
            "Message": self.message,
            "Target": None,
            "Details": details,
            "Innererror": None,
        }


def group_not_found(group: str) -> ArmError:
    """The resource group does not exist."""
    return ArmError(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.")


def resource_not_found(resource_type: str, name: str, group: str) -> ArmError:
    """A top-level resource does not exist."""
    return ArmError(
        404,
        "ResourceNotFound",
        f"The Resource '{resource_type}/{name}' under resource group '{group}' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix",
    )


def parent_not_found(verb: str, resource_type: str, parent: str) -> ArmError:
    """The parent resource does not exist."""
    return ArmError(
        404,
        "ParentResourceNotFound",
        f"Failed to perform '{verb}' on resource(s) of type '{resource_type}', because the parent resource "
        f"'{parent}' could not be found.",
    )


def invalid_content(message: str) -> ArmError:
    """The body of the request is not what the resource provider expects."""
    return ArmError(400, "InvalidRequestContent", f"The request content was invalid: {message}")
