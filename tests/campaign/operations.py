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
        back: Those that lead there from its end.
        keeps_sign_in: Whether nobody may get in without signing in at any moment of it.
        opens_scm: Whether it is to open the SCM site to a password, or finds it open.
        repeats: Whether a further run of it writes nothing.

    """

    name: str
    line: Line
    before: tuple[Line, ...] = (DEPLOY,)
    back: tuple[Line, ...] = ()
    keeps_sign_in: bool = False
    opens_scm: bool = False
    repeats: bool = True


OPERATIONS = (
    Operation("first deploy", DEPLOY, before=(), back=(DESTROY,)),
    Operation("update of everything", (*DEPLOY, *OTHER_SETTINGS), back=(DESTROY, DEPLOY)),
    Operation("destroy", DESTROY, back=(DEPLOY,)),
    Operation("auth enable", ("auth", "enable"), back=(("auth", "disable", "--yes"),)),
    Operation(
        "auth disable", ("auth", "disable", "--yes"), before=(DEPLOY, ("auth", "enable")), back=(("auth", "enable"),)
    ),
    Operation("cd enable", ("cd", "enable"), back=(("cd", "disable"),), opens_scm=True),
    Operation(
        "cd disable", ("cd", "disable"), before=(DEPLOY, ("cd", "enable")), back=(("cd", "enable"),), opens_scm=True
    ),
    Operation("identity on", (*DEPLOY, "--identity"), back=((*DEPLOY, "--no-identity"),)),
    Operation(
        "identity off",
        (*DEPLOY, "--no-identity"),
        before=((*DEPLOY, "--identity"),),
        back=((*DEPLOY, "--identity"),),
    ),
    Operation("rotate-keys", ("rotate-keys",), before=(DEPLOY, ("auth", "enable")), keeps_sign_in=True, repeats=False),
    Operation(
        "deploy with sign-in",
        (*DEPLOY, "--mlflow-workers", "2"),
        before=(DEPLOY, ("auth", "enable")),
        back=(DEPLOY,),
        keeps_sign_in=True,
    ),
)
