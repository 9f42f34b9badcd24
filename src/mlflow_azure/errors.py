"""The exceptions of mlflow-azure, with their exit codes.

    MlflowAzureError            1  something failed
    ├── SettingsError           2  a setting or an option is wrong; nothing was sent
    ├── SignInError             3  no credential, or one that Azure does not accept
    ├── AzureRefusedError       4  Azure refused: permission, quota, name taken, policy
    ├── ContainerEngineError    5  Docker is missing, or could not build, push or run
    ├── TimedOutError           9  the time limit expired
    └── InterruptedByUserError  130

Every error says what was being done and why it failed (`message`), and what to do next (`hint`).
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class MlflowAzureError(Exception):
    """Something failed.

    Args:
        message: What was being done and why it failed: "creating storage account mlflow3f9a: the name is taken".
        hint: The next step, if possible a command.
        code: Stable identifier for programs; Azure's own error code if Azure refused.

    """

    exit_code = 1
    default_code = "Failed"

    def __init__(self, message: str, *, hint: str, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or self.default_code

    @property
    def problems(self) -> Sequence[MlflowAzureError]:
        """The individual problems of this error; by default the error itself."""
        return (self,)


class SettingsError(MlflowAzureError):
    """A setting or an option is wrong; nothing was sent."""

    exit_code = 2
    default_code = "InvalidSetting"


class SignInError(MlflowAzureError):
    """There is no credential, or Azure does not accept it."""

    exit_code = 3
    default_code = "NotSignedIn"


ROLE_REFUSED = "RoleAssignmentRefused"
"""The code of an AzureRefusedError when only role assignments are refused."""


NOT_ALLOWED = frozenset({"AuthorizationFailed", "RegistryUnauthorized"})
"""The codes of an AzureRefusedError for missing permissions, which read-only commands can do without."""

FEDERATION_REFUSED = "FederatedCredentialRefused"
"""The code of an AzureRefusedError for a federated credential; a client secret may work instead."""


class AzureRefusedError(MlflowAzureError):
    """Azure refused: permission, quota, a name that is taken, a policy."""

    exit_code = 4
    default_code = "Refused"


class ContainerEngineError(MlflowAzureError):
    """The container engine is missing, or could not build, push or run an image."""

    exit_code = 5
    default_code = "ContainerEngine"


class TimedOutError(MlflowAzureError):
    """The time limit expired."""

    exit_code = 9
    default_code = "TimedOut"


class InterruptedByUserError(MlflowAzureError):
    """The user pressed Ctrl+C."""

    exit_code = 130
    default_code = "Interrupted"


ONE_FOR_ALL = frozenset(
    {"SubscriptionNotFound", "InvalidSubscriptionId", "InvalidAuthenticationTokenTenant", "Unreachable"}
)
"""The codes of errors that have one cause, however many requests fail with them."""


class SeveralErrors(MlflowAzureError):  # noqa: N818 - it is several errors
    """Several problems reported at once.

    Its exit code is the first problem's: settings errors are all of one kind, and of several resources that fail
    together, the first one is the likely cause.
    """

    def __init__(self, problems: Sequence[MlflowAzureError]) -> None:
        first = problems[0]
        super().__init__("\n".join(p.message for p in problems), hint=first.hint, code=first.code)
        self._problems = tuple(problems)
        self.exit_code = first.exit_code

    @property
    def problems(self) -> Sequence[MlflowAzureError]:
        """The individual problems, in order of occurrence."""
        return self._problems


@contextmanager
def understanding(what: str) -> Iterator[None]:
    """Turn failures to parse a response into an error that says whose response it was.

    A response may lack anything: proxies send their own pages, and services change.

    Raises:
        MlflowAzureError: With the code OddAnswer.

    """
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise MlflowAzureError(
            f"{what}: unexpected response ({type(error).__name__}: {error})",
            hint="Something between this machine and Azure, such as a proxy, may have changed it. Run it again; "
            "if that does not help, run it with --verbose and report what it prints.",
            code="OddAnswer",
        ) from error


def as_ours(error: Exception) -> MlflowAzureError:
    """Return the error as one of ours; any other is a bug, whose traceback `--verbose` shows."""
    if isinstance(error, MlflowAzureError):
        return error
    ours = MlflowAzureError(
        f"internal error: {type(error).__name__}: {error}",
        hint="Run it again with --verbose, and report what it prints.",
        code="InternalError",
    )
    ours.__cause__ = error
    return ours
