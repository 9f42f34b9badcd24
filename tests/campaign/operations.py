"""What is disturbed: each command, the state that it starts from, and how one comes back there."""

from __future__ import annotations

from dataclasses import dataclass

Line = tuple[str, ...]

DEPLOY: Line = ("deploy",)
DESTROY: Line = ("destroy", "--yes")
OTHER_SETTINGS = (
    "--mlflow-workers",
    "2",
    "--storage-file-share-size",
    "3",
    "--asp-sku",
    "S2",
    "--allow-ip",
    "127.0.0.0/8",
)


@dataclass(frozen=True)
class Operation:
    """A command.

    Attributes:
        name: In the table.
        line: Its words.
        before: The commands that lead to the state it starts from, from nothing.
        keeps_sign_in: Whether nobody may get in without signing in at any moment of it.
        keeps_serving: Whether a server that answers before answers at any moment of it.
        opens_scm: Whether it is to open the SCM site to a password, or finds it open.
        repeats: Whether a further run of it writes nothing.

    """

    name: str
    line: Line
    before: tuple[Line, ...] = (DEPLOY,)
    keeps_sign_in: bool = False
    keeps_serving: bool = True
    opens_scm: bool = False
    repeats: bool = True


AUTH_ON: Line = ("auth", "enable")
CD_ON: Line = ("cd", "enable")
MLFLOW_3: Line = (*DEPLOY, "--mlflow", "3", "--public")
OPERATIONS = (
    Operation("first deploy", DEPLOY, before=()),
    Operation("update of everything", (*DEPLOY, *OTHER_SETTINGS), keeps_serving=False),
    Operation("destroy", DESTROY, keeps_serving=False),
    Operation("auth enable", AUTH_ON),
    Operation("auth disable", ("auth", "disable", "--yes"), before=(DEPLOY, AUTH_ON)),
    Operation("cd enable", CD_ON, opens_scm=True),
    Operation("cd disable", ("cd", "disable"), before=(DEPLOY, CD_ON), opens_scm=True),
    Operation("identity on", (*DEPLOY, "--identity")),
    Operation("identity off", (*DEPLOY, "--no-identity"), before=((*DEPLOY, "--identity"),)),
    Operation("rotate-keys", ("rotate-keys",), before=(DEPLOY, AUTH_ON), keeps_sign_in=True, repeats=False),
    Operation("deploy with more workers", (*DEPLOY, "--mlflow-workers", "3")),
    Operation("deploy with sign-in", (*DEPLOY, "--mlflow-workers", "2"), before=(DEPLOY, AUTH_ON), keeps_sign_in=True),
    Operation("first deploy of MLflow 3", MLFLOW_3, before=()),
    Operation("destroy of MLflow 3", (*DESTROY, "--delete-database"), before=(MLFLOW_3,), keeps_serving=False),
)

LOOKS = (
    Operation("plan", ("plan", "--mlflow-workers", "2")),
    Operation("status", ("status",)),
    Operation("env", ("env",)),
    Operation("doctor", ("doctor",)),
    Operation("list", ("list",)),
    Operation("cd status", ("cd", "status")),
    Operation("logs", ("logs",)),
)
"""Commands that write nothing."""
