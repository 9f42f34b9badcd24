"""The identity that the server signs in with, on App Service the one that AZURE_CLIENT_ID names."""

from functools import cache

from azure.identity import DefaultAzureCredential


@cache
def credential() -> DefaultAzureCredential:
    """The one of this process: it keeps tokens, and renews them before they end."""
    return DefaultAzureCredential()
