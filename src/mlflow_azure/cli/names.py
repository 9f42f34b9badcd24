"""The names of the program, its command groups and its commands."""

PROGRAM = "mlflow-azure"

GROUPS = {
    "auth": "Sign-in with Microsoft Entra ID.",
    "cd": "Redeploy when a new image is pushed.",
    "settings": "Write, show and import settings.",
    "emulator": "Azure on this machine: try everything without an account.",
}
SECTIONS = {
    "Deploy": ("init", "deploy", "plan", "destroy", "doctor", "upgrade"),
    "Use the server": ("open", "env", "auth"),
    "Operate": ("status", "list", "logs", "ssh", "cd", "backup", "restore", "rotate-keys"),
    "Settings": ("settings",),
    "On this machine": ("emulator", "local-run"),
}
"""The commands under each heading of the help; the rest come last."""

NAMES = (
    *("init", "deploy", "plan", "destroy", "local-run", "status", "list", "logs", "open", "ssh", "env", "doctor"),
    *("backup", "restore", "upgrade", "rotate-keys"),
    *("auth enable", "auth disable", "auth token", "cd enable", "cd disable", "cd status"),
    *("settings init", "settings show", "settings import"),
    *("emulator start", "emulator stop", "emulator status", "emulator reset"),
)
"""The commands in the order of the help. The first word is the module's name."""
