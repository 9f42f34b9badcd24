"""Our own error codes, each with its meaning and remedy. docs/errors.md is generated from this table.

The error itself says more: what was being done, and the command to run in this case. Azure's own codes are passed on
unchanged; azure/refusals.py has hints for the known ones.
"""

from __future__ import annotations

from typing import NamedTuple


class Explained(NamedTuple):
    """The meaning of a code, and what to do about it."""

    meaning: str
    remedy: str


_AGAIN = "Run the command again; it picks up where it left off."
_ELSEWHERE = "or build in the registry: `mlflow-azure deploy --build remote`."

ERROR_CODES = {
    # Any command
    "Failed": Explained("A failure without a specific code.", "The message says what was being done."),
    "OddAnswer": Explained(
        "A service sent an unexpected response.",
        "Check for a proxy that changes responses; run it again with `--verbose`.",
    ),
    "InternalError": Explained("A bug in mlflow-azure.", "Run it again with `--verbose`, and report what it prints."),
    "TimedOut": Explained("It took longer than `--timeout` allows.", _AGAIN),
    "Interrupted": Explained("Ctrl+C, a closed terminal or a cancelled job ended the command.", _AGAIN),
    "OutputLost": Explained("The output could not be written to stdout.", "Free some space where the output goes."),
    "Unreachable": Explained(
        "A service did not respond.",
        "Check the network. Behind a proxy, set `HTTPS_PROXY`, and `REQUESTS_CA_BUNDLE` if it inspects TLS.",
    ),
    "AnswerLost": Explained("The connection broke after a request was sent: Azure may have carried it out.", _AGAIN),
    "NotSignedIn": Explained("There is no credential that Azure accepts.", "`az login`, or set a service principal."),
    "Refused": Explained("Azure refused without a code.", "Check what a deployment needs: `mlflow-azure doctor`."),
    # Command line and settings
    "Usage": Explained("The command line cannot be parsed, or two options exclude each other.", "See `--help`."),
    "InvalidSetting": Explained("A setting breaks one of Azure's rules or ours.", "Correct the setting it names."),
    "UnknownSetting": Explained("There is no setting with that name.", "List them: `mlflow-azure settings show`."),
    "SettingsFile": Explained(
        "The settings file cannot be read, or a line is not `NAME=value`.",
        "Correct the file, or use another one: `--settings`.",
    ),
    "NoSettings": Explained("The script sets none of the settings.", "Give the path of the script that deploys."),
    "FileExists": Explained("The file to write already exists.", "Add `--yes` to overwrite it."),
    "CannotWrite": Explained("A file could not be written.", "Choose a path that is writable."),
    "ConfirmationNeeded": Explained(
        "A question needs an answer, but there is no terminal.", "Add the option that the hint names."
    ),
    "NotConfirmed": Explained("The question was not answered with yes. Nothing was changed.", "Run it again."),
    # Deploying
    "AccessNotDecided": Explained(
        "A first deploy of MLflow 3 must specify who can reach the server.",
        "Add `--auth`, `--allow-ip NETWORK` or `--public`.",
    ),
    "PasswordStored": Explained(
        "Continuous deployment stores a password in the registry, but MLflow 3 is deployed without stored secrets.",
        "Deploy from a pipeline, which signs in with its own identity. Before an upgrade: `mlflow-azure cd disable`.",
    ),
    "OtherVersion": Explained(
        "The deployment runs the other MLflow version; continuing would leave its runs behind.",
        "Keep the deployed version, or upgrade: `mlflow-azure upgrade`.",
    ),
    "OtherNetwork": Explained(
        "PRIVATE_NETWORK differs from the existing PostgreSQL server, and Azure cannot change this on a server.",
        "Leave it as it is, or move: back up, deploy to another resource group, and restore the backup there.",
    ),
    "OlderRelease": Explained(
        "The deployment runs an older release of MLflow 3 than this mlflow-azure.",
        "Back it up, and upgrade: `mlflow-azure upgrade --backup DIRECTORY`.",
    ),
    "NewerRelease": Explained(
        "The deployment runs a newer release of MLflow 3, and its database cannot be downgraded.",
        "Update mlflow-azure, or restore a backup to a new deployment.",
    ),
    "NotManaged": Explained(
        "A resource with that name exists, but was not created by mlflow-azure.",
        "Choose another name, or adopt it: `mlflow-azure deploy --adopt`.",
    ),
    "CannotChange": Explained(
        "Azure does not allow this property of an existing resource to be changed.",
        "Set it to the existing value, or choose another name.",
    ),
    "ChangedMeanwhile": Explained(
        "Two commands, or a command and a person, changed the same thing at the same time.",
        "Run both again, one after the other.",
    ),
    "NotDeployed": Explained(
        "There is no such deployment.", "Run `mlflow-azure deploy`, or name another resource group."
    ),
    "NameNotAvailable": Explained("The name is already taken.", "Choose another with the option that the hint names."),
    "DenyAssignmentAuthorizationFailed": Explained(
        "A deny assignment of a managed application or deployment stack forbids it.",
        "Choose another resource group: `--rg-name NAME`.",
    ),
    "RoleAssignmentRefused": Explained(
        "Your role does not allow you to assign roles.",
        "Ask an owner for Role Based Access Control Administrator on the resource group.",
    ),
    "FederatedCredentialRefused": Explained(
        "The tenant does not allow a managed identity to replace an app registration's secret.",
        "The deploy continues with a client secret, and says so.",
    ),
    "NoSuchUser": Explained("Microsoft Entra ID has no such user.", "Give the user principal name or an object id."),
    "NoSuchGroup": Explained("No group, or more than one, has that name.", "Give the group's object id."),
    "ServerNotReady": Explained(
        "The PostgreSQL server is disabled, or gone.", "See its Resource health in the portal."
    ),
    "ServerNotHealthy": Explained("MLflow does not respond as it should.", "`mlflow-azure logs --tail 100`"),
    "ContainerKeepsEnding": Explained(
        "The container keeps exiting after it starts.", "Fix the problem in its last log lines."
    ),
    "PullRefused": Explained(
        "The identity is not allowed to pull the image.",
        "Run it again, or with MLflow 1.5.0: `mlflow-azure deploy --no-identity`.",
    ),
    "RegistryRefusesArmTokens": Explained(
        "The registry does not accept tokens for Azure Resource Manager.",
        "`az acr config authentication-as-arm update --registry NAME --status enabled`",
    ),
    "WebhookFailed": Explained("The web app's SCM site does not accept the registry's webhook.", "Check its network."),
    "KeyNotAccepted": Explained(
        "A key that was just renewed is not accepted yet.",
        "Whatever uses the old key keeps working. Run the command again.",
    ),
    "ClockSkew": Explained("This machine's clock is wrong.", "`sudo timedatectl set-ntp true`"),
    # Building and pushing the image
    "ContainerEngine": Explained("The container engine refused the request.", "Check it: `docker info`."),
    "NoContainerEngine": Explained("No container engine responds.", f"Start Docker, {_ELSEWHERE}"),
    "ContainerEngineForbidden": Explained(
        "You are not allowed to use the container engine.", "`sudo usermod -aG docker $USER`, then log in again."
    ),
    "ContainerEngineLost": Explained("The connection to the container engine broke.", _AGAIN),
    "WrongPlatform": Explained("The engine does not run linux/amd64.", f"Enable it, {_ELSEWHERE}"),
    "DiskFull": Explained("The engine's disk is full.", "`docker system prune`"),
    "BaseImageUnavailable": Explained(
        "The base image cannot be pulled.", "Use a copy that can: `--docker-base-image IMAGE`."
    ),
    "UntrustedCertificate": Explained("A proxy inspects TLS during the build.", "`--build-ca FILE`"),
    "BuildFailed": Explained("An instruction in the Dockerfile failed.", f"Read its last lines, {_ELSEWHERE}"),
    "RemoteBuildFailed": Explained("The build in the registry failed.", "Read its last lines."),
    "PullLimit": Explained(
        "Docker Hub's pull limit kept the registry from building.",
        "Try again later, or use `--docker-base-image IMAGE`.",
    ),
    "PushFailed": Explained("The push was cut short.", "Run it again; pushed layers are not sent again."),
    "RegistryUnauthorized": Explained(
        "The registry does not accept the credential.", "Its password may have just changed. Run it again."
    ),
    "RegistryUnreachable": Explained("The registry does not respond.", "Check the network and its firewall."),
    "RegistryAnswer": Explained(
        "The registry's response is incomplete; it may have come from a proxy.", "Check the proxy."
    ),
    "RegistryError": Explained("The registry responded with an error.", "Run it again in a minute."),
    "ImageNotFound": Explained("The image is not in the registry.", "Push it, or let `deploy` build it."),
    # Backups
    "NotABackup": Explained("The directory is not a backup.", "`mlflow-azure backup DIRECTORY`"),
    "FileUnreadable": Explained(
        "A file could not be copied, so the backup is incomplete.", "Remove the reason, or the file, and run it again."
    ),
    "BackupIncomplete": Explained(
        "Files that could not be read are missing from the backup.",
        "Run it again, or restore it without them: `--incomplete`.",
    ),
    "BackupUnfinished": Explained("The backup was interrupted.", "Run it again: `mlflow-azure backup DIRECTORY`."),
    "BackupFormatUnknown": Explained(
        "The backup was written by a later version of mlflow-azure.", "Update mlflow-azure."
    ),
    "BackupOfAnotherKind": Explained(
        "The backup is of MLflow 3, but the deployment runs 1.5.0, which has no database.",
        "Restore it to a deployment of MLflow 3, or to a directory: `--local`.",
    ),
    "BackupNewer": Explained(
        "The backup is of a newer MLflow than this version of mlflow-azure knows.", "Update mlflow-azure."
    ),
    "TaskFailed": Explained(
        "The temporary web app failed to process the runs or the database.",
        f"The message says why. {_AGAIN}",
    ),
    "BackupDamaged": Explained("A file in the backup is damaged.", "Use another copy of the backup."),
    "InUse": Explained("Another command is using the same deployment or directory.", "Run one at a time."),
    "DirectoryNotEmpty": Explained(
        "The directory contains something else.", "Choose a directory that is new or empty."
    ),
    "DataExists": Explained(
        "The restore would overwrite existing data.", "Back it up first, or overwrite it: `--replace`."
    ),
    "RestoreNotEqual": Explained(
        "Something else was writing there during the restore.", "Run it again with `--stop-server`."
    ),
    "KeepsChanging": Explained("A file kept changing while it was copied.", "Run it again with `--stop-server`."),
    "FileSystem": Explained(
        "The local file system does not allow a file name.", "The message says which; choose another directory."
    ),
    # Moving to MLflow 3
    "BackupNotDecided": Explained(
        "An upgrade must specify whether to back up the runs first.", "Add `--backup DIRECTORY` or `--no-backup`."
    ),
    "NothingToDo": Explained("This upgrade step does not fit the deployment's state.", "`mlflow-azure status`"),
    "Occupied": Explained(
        "The directory contains a backup of something else, or from before another upgrade.",
        "Choose another directory.",
    ),
    "NotMoved": Explained(
        "A run cannot be moved as it is; it stays on the file share.",
        "The message says why. Fix it, then run it again.",
    ),
    "SidesDiffer": Explained(
        "The file share and the database differ after the move.", "Nothing was switched. Run it again."
    ),
    # PostgreSQL
    "PostgresFailed": Explained("The PostgreSQL container does not start.", "Read its log: `docker logs NAME`."),
    # The running server
    "NoContainer": Explained("The emulator runs web apps as processes here.", "Start a container engine first."),
    "NoSharedKey": Explained(
        "The storage account does not accept keys.", "Use the account of a 1.5.0 deployment, or none."
    ),
    "Stopped": Explained("The web app is stopped.", "`mlflow-azure deploy` starts it."),
    "NoPortal": Explained("This cloud has no portal.", "`mlflow-azure status`"),
    "SignInNotEnabled": Explained("The server does not require sign-in.", "`mlflow-azure auth enable`"),
    "KuduUnreachable": Explained("The web app's SCM site does not respond.", "`mlflow-azure status`"),
    "KuduUnauthorized": Explained("The SCM site does not accept your sign-in.", "`az login`"),
    "KuduForbidden": Explained(
        "You are not allowed to use the SCM site.",
        "You need the Website Contributor role, and an address that the site allows.",
    ),
    "KuduFailed": Explained("The SCM site responded with an error.", "`mlflow-azure status`"),
    "TunnelFailed": Explained("The container's SSH port cannot be reached.", "Use the browser shell that it names."),
    "SshFailed": Explained("The container's SSH server refused the login.", "Use the browser shell that it names."),
    "ConnectionLost": Explained("The connection to the container was lost.", "`mlflow-azure logs`"),
    # This machine: local-run, the emulator, clients
    "ContainerEnded": Explained("The container of local-run exited.", "Read its last lines."),
    "AzuriteFailed": Explained("Azurite does not respond.", "See the log of its container."),
    "NameInUse": Explained("Another container has that name.", "`mlflow-azure local-run --name NAME`"),
    "PortInUse": Explained("The port is already in use.", "`mlflow-azure local-run --port PORT`"),
    "EmulatorNotInstalled": Explained("The extra `emulator` is not installed.", "Install it as the message says."),
    "EmulatorNotSupported": Explained("The emulator does not run on Windows.", "Use the Windows Subsystem for Linux."),
    "EmulatorFailed": Explained("The emulator could not be started, stopped or queried.", "Follow the message."),
    "EmulatorHome": Explained(
        "The emulator's directory cannot be used.", "Free some space, or set `MLFLOW_AZURE_EMULATOR_HOME`."
    ),
    "NotInstalled": Explained("`mlflow-azure` is not on PATH.", "Install it with pipx."),
    "NotConnected": Explained(
        "The client's environment does not name a server.", '`eval "$(mlflow-azure env --show-secrets)"`'
    ),
}
