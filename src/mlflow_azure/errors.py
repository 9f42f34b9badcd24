"""The exceptions of mlflow-azure, and the exit code each one ends the command with.

    MlflowAzureError            1  something failed
    ├── SettingsError           2  a setting or an option is wrong; nothing was sent
    ├── SignInError             3  no credential, or one that Azure does not accept
    ├── AzureRefusedError       4  Azure said no: permission, quota, name taken, policy
    ├── ContainerEngineError    5  Docker is missing, or could not build, push or run
    ├── TimedOutError           9  it did not happen within the time allowed
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
        hint: The next step, a command where there is one.
        code: Stable identifier for programs; Azure's own error code where Azure refused.

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
        """The single problems that this error reports, itself where it is only one."""
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
"""The code of an AzureRefusedError: everything else may be done, but no role be assigned."""


NOT_ALLOWED = frozenset({"AuthorizationFailed", "RegistryUnauthorized"})
"""The codes of an AzureRefusedError: the user's role does not go so far. Who only looks can do without."""

FEDERATION_REFUSED = "FederatedCredentialRefused"
"""The code of an AzureRefusedError: an identity may not stand in for an app registration; a client secret may do."""


class AzureRefusedError(MlflowAzureError):
    """Azure refused: permission, quota, a name that is taken, a policy."""

    exit_code = 4
    default_code = "Refused"


class ContainerEngineError(MlflowAzureError):
    """The container engine is missing, or could not build, push or run an image."""

    exit_code = 5
    default_code = "ContainerEngine"


class TimedOutError(MlflowAzureError):
    """Something did not happen within the time allowed."""

    exit_code = 9
    default_code = "TimedOut"


class InterruptedByUserError(MlflowAzureError):
    """The user pressed Ctrl+C."""

    exit_code = 130
    default_code = "Interrupted"


ONE_FOR_ALL = frozenset(
    {"SubscriptionNotFound", "InvalidSubscriptionId", "InvalidAuthenticationTokenTenant", "Unreachable"}
)
"""The codes of errors that have one cause, however many requests meet them."""


class SeveralErrors(MlflowAzureError):  # noqa: N818 - it is several errors
    """Several problems that are reported at once.

    Its exit code is the first problem's: settings faults are all of one kind, and of several resources that fail
    together the first to fail is the likely cause.
    """

    def __init__(self, problems: Sequence[MlflowAzureError]) -> None:
        first = problems[0]
        super().__init__("\n".join(p.message for p in problems), hint=first.hint, code=first.code)
        self._problems = tuple(problems)
        self.exit_code = first.exit_code

    @property
    def problems(self) -> Sequence[MlflowAzureError]:
        """The single problems, in the order in which they occurred."""
        return self._problems


@contextmanager
def understanding(what: str) -> Iterator[None]:
    """Turn what goes wrong within, where an answer is taken apart, into an error that says whose answer it was.

    An answer may lack anything: proxies send pages, and services change.

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
    """The error as one of ours; any other is a fault of this program, whose traceback `--verbose` shows."""
    if isinstance(error, MlflowAzureError):
        return error
    ours = MlflowAzureError(
        f"internal error: {type(error).__name__}: {error}",
        hint="Run it again with --verbose, and report what it prints.",
        code="InternalError",
    )
    ours.__cause__ = error
    return ours
