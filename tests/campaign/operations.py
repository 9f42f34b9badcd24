"""What is disturbed: each command, the state that it starts from, and how one comes back there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from tests.campaign.content import change, fill

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.campaign.stage import Stage

Line = tuple[str, ...]
Step: TypeAlias = "Line | Callable[[Stage], object]"
"""A command, or what others do."""

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
        before: What leads to the state it starts from, from nothing.
        keeps_sign_in: Whether nobody may get in without signing in at any moment of it.
        keeps_serving: Whether a server that answers before answers at any moment of it.
        opens_scm: Whether it is to open the SCM site to a password, or finds it open.
        further: What is run after it, and writes nothing; the command itself, where this is empty.
        stores: Whether what is stored is part of the state; then Azurite, PostgreSQL and the tasks of MLflow 3 run.

    """

    name: str
    line: Line
    before: tuple[Step, ...] = (DEPLOY,)
    keeps_sign_in: bool = False
    keeps_serving: bool = True
    opens_scm: bool = False
    further: tuple[Line, ...] = ()
    stores: bool = False

    @property
    def takes_long(self) -> bool:
        """Whether MLflow 3 is deployed, or what is stored is copied or moved."""
        return self.stores or MLFLOW_3 in (self.line, *self.before)


AUTH_ON: Line = ("auth", "enable")
CD_ON: Line = ("cd", "enable")
MLFLOW_3: Line = (*DEPLOY, "--mlflow", "3", "--public")
UPGRADED: Line = (*MLFLOW_3, "--asp-sku", "S1")
BACKUP: Line = ("backup", "kept")
VERIFY: Line = ("backup", "--verify", "kept")
RESTORE: Line = ("restore", "kept", "--replace", "--yes")
UPGRADE: Line = ("upgrade", "--to", "3", "--backup", "before", "--public", "--yes")
ROLLBACK: Line = ("upgrade", "--rollback", "--yes")
FINISH: Line = ("upgrade", "--finish", "--yes", "--delete-share")
_FILLED = (DEPLOY, fill)
_FILLED_3 = (*_FILLED, UPGRADE)
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
    Operation("rotate-keys", ("rotate-keys",), before=(DEPLOY, AUTH_ON), keeps_sign_in=True, further=(DEPLOY,)),
    Operation("deploy with more workers", (*DEPLOY, "--mlflow-workers", "3")),
    Operation("deploy with sign-in", (*DEPLOY, "--mlflow-workers", "2"), before=(DEPLOY, AUTH_ON), keeps_sign_in=True),
    Operation("first deploy of MLflow 3", MLFLOW_3, before=()),
    Operation("destroy of MLflow 3", (*DESTROY, "--delete-database"), before=(MLFLOW_3,), keeps_serving=False),
    Operation("backup", BACKUP, before=_FILLED, further=(VERIFY, DEPLOY), stores=True),
    Operation("restore", RESTORE, before=(*_FILLED, BACKUP, change), further=(DEPLOY,), stores=True),
    Operation("upgrade", UPGRADE, before=_FILLED, keeps_serving=False, further=(UPGRADED,), stores=True),
    Operation("upgrade --rollback", ROLLBACK, before=_FILLED_3, keeps_serving=False, further=(DEPLOY,), stores=True),
    Operation("upgrade --finish", FINISH, before=_FILLED_3, further=(UPGRADED,), stores=True),
    Operation("backup of MLflow 3", BACKUP, before=_FILLED_3, further=(VERIFY, UPGRADED), stores=True),
    Operation(
        "restore to MLflow 3",
        RESTORE,
        before=(*_FILLED_3, BACKUP, change),
        keeps_serving=False,
        further=(UPGRADED,),
        stores=True,
    ),
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
