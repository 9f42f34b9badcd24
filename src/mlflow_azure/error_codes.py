"""Every error code of our own: what it means, and what to do. docs/errors.md is made from it.

An error that is raised says more: what was being done, and the command for this very case. Codes that Azure gives keep
Azure's names; azure/refusals.py says what to do about those that are known.
"""

from __future__ import annotations

from typing import NamedTuple


class Explained(NamedTuple):
    """What a code means, and what to do about it."""

    meaning: str
    remedy: str


_AGAIN = "Run the command again; it picks up where it left off."
_ELSEWHERE = "or build in the registry: `mlflow-azure deploy --build remote`."

ERROR_CODES = {
    # Any command
    "Failed": Explained("Something without a code of its own failed.", "The message says what was being done."),
    "OddAnswer": Explained(
        "An answer is not what it should be.", "Look for a proxy that changes answers; run it again with `--verbose`."
    ),
    "InternalError": Explained("A bug in mlflow-azure.", "Run it again with `--verbose`, and report what it prints."),
    "TimedOut": Explained("It took longer than `--timeout` allows.", _AGAIN),
    "Interrupted": Explained("Ctrl+C, a closed terminal or a cancelled job ended the command.", _AGAIN),
    "OutputLost": Explained("The answer could not be written to stdout.", "Free some space where the output goes."),
    "Unreachable": Explained(
        "A service did not answer.",
        "Check the network. Behind a proxy set `HTTPS_PROXY`, and `REQUESTS_CA_BUNDLE` where it inspects TLS.",
    ),
    "AnswerLost": Explained("The connection broke after a request was sent: Azure may have carried it out.", _AGAIN),
    "NotSignedIn": Explained("There is no credential that Azure accepts.", "`az login`, or set a service principal."),
    "Refused": Explained("Azure refused, and gave no code.", "Check what a deployment needs: `mlflow-azure doctor`."),
    # Command line and settings
    "Usage": Explained("The command line cannot be parsed, or two options exclude each other.", "See `--help`."),
    "InvalidSetting": Explained("A setting breaks one of Azure's rules, or one of ours.", "Correct the one it names."),
    "UnknownSetting": Explained("There is no setting of that name.", "List them: `mlflow-azure settings show`."),
    "SettingsFile": Explained(
        "The settings file cannot be read, or a line is not `NAME=value`.", "Correct it, or name another: `--settings`."
    ),
    "NoSettings": Explained("The script sets none of the settings.", "Name the script that deploys."),
    "FileExists": Explained("The file to be written is there already.", "Add `--yes` to overwrite it."),
    "CannotWrite": Explained("A file could not be written.", "Name one that can be."),
    "ConfirmationNeeded": Explained(
        "A question needs an answer, but there is no terminal.", "Add the option it names."
    ),
    "NotConfirmed": Explained("The question was not answered with yes. Nothing was changed.", "Run it again."),
    # Deploying
    "AccessNotDecided": Explained(
        "A first deploy of MLflow 3 has to be told who may reach the server.",
        "`--auth`, `--allow-ip NETWORK` or `--public`.",
    ),
    "PasswordStored": Explained(
        "Continuous deployment stores a password in the registry, and MLflow 3 is deployed without stored secrets.",
        "Deploy from a pipeline, which signs in as itself; before an upgrade: `mlflow-azure cd disable`.",
    ),
    "OtherVersion": Explained(
        "The deployment runs the other MLflow; continuing would leave its runs behind.",
        "Keep what is deployed, or move: `mlflow-azure upgrade`.",
    ),
    "OtherNetwork": Explained(
        "PRIVATE_NETWORK says otherwise than the PostgreSQL server that is there, and Azure cannot change that of one.",
        "Keep it as it is, or move: back it up, deploy to another resource group, and restore the backup there.",
    ),
    "OlderRelease": Explained(
        "The deployment runs an older release of MLflow 3 than this mlflow-azure has.",
        "Back it up, and upgrade: `mlflow-azure upgrade --backup DIRECTORY`.",
    ),
    "NewerRelease": Explained(
        "The deployment runs a newer release of MLflow 3, and its database has no way back.",
        "Update mlflow-azure, or restore a backup to a new deployment.",
    ),
    "NotManaged": Explained(
        "Something of that name exists, and mlflow-azure did not make it.",
        "Choose another name, or take it over: `mlflow-azure deploy --adopt`.",
    ),
    "CannotChange": Explained(
        "Azure does not let this property of an existing resource be changed.",
        "Set what is there, or choose another name.",
    ),
    "ChangedMeanwhile": Explained(
        "Two commands, or a command and a person, changed one thing at the same moment.", "Run both again, one by one."
    ),
    "NotDeployed": Explained("There is no such deployment.", "`mlflow-azure deploy`, or name another resource group."),
    "NameNotAvailable": Explained("Someone else has the name.", "Choose another with the option it names."),
    "DenyAssignmentAuthorizationFailed": Explained(
        "A deny assignment of a managed application or deployment stack forbids it.",
        "Choose another resource group: `--rg-name NAME`.",
    ),
    "RoleAssignmentRefused": Explained(
        "Your role does not let you assign roles.",
        "Ask an owner for Role Based Access Control Administrator on the resource group.",
    ),
    "FederatedCredentialRefused": Explained(
        "The tenant does not let a managed identity replace an app registration's secret.",
        "The deploy continues with a client secret, and says so.",
    ),
    "NoSuchUser": Explained("Microsoft Entra ID has no such user.", "Give the user principal name or an object id."),
    "NoSuchGroup": Explained("No group, or several, have that name.", "Give the group's object id."),
    "ServerNotReady": Explained(
        "The PostgreSQL server is disabled, or gone.", "See its Resource health in the portal."
    ),
    "ServerNotHealthy": Explained("MLflow does not answer as it should.", "`mlflow-azure logs --tail 100`"),
    "ContainerKeepsEnding": Explained("The container keeps ending after it starts.", "Fix what its last lines report."),
    "PullRefused": Explained("The identity may not pull the image.", "`mlflow-azure deploy --no-identity`"),
    "RegistryRefusesArmTokens": Explained(
        "The registry does not accept tokens for Azure Resource Manager.",
        "`az acr config authentication-as-arm update --registry NAME --status enabled`",
    ),
    "WebhookFailed": Explained("The web app's SCM site does not accept the registry's webhook.", "Check its network."),
    "KeyNotAccepted": Explained(
        "A key that was just renewed is not accepted yet.",
        "Whatever used the old one keeps working. Run the command again.",
    ),
    "ClockSkew": Explained("This machine's clock is wrong.", "`sudo timedatectl set-ntp true`"),
    # Building and pushing the image
    "ContainerEngine": Explained("The container engine refused.", "Look at it: `docker info`."),
    "NoContainerEngine": Explained("No container engine answers.", f"Start Docker, {_ELSEWHERE}"),
    "ContainerEngineForbidden": Explained(
        "You may not use the container engine.", "`sudo usermod -aG docker $USER`, then log in again."
    ),
    "ContainerEngineLost": Explained("The connection to the container engine broke.", _AGAIN),
    "WrongPlatform": Explained("The engine does not run linux/amd64.", f"Enable that, {_ELSEWHERE}"),
    "DiskFull": Explained("The engine's disk is full.", "`docker system prune`"),
    "BaseImageUnavailable": Explained(
        "The base image cannot be pulled.", "Name a copy that can: `--docker-base-image IMAGE`."
    ),
    "UntrustedCertificate": Explained("A proxy inspects TLS during the build.", "`--build-ca FILE`"),
    "BuildFailed": Explained("An instruction of the Dockerfile failed.", f"Read its last lines, {_ELSEWHERE}"),
    "RemoteBuildFailed": Explained("The build in the registry failed.", "Read its last lines."),
    "PullLimit": Explained(
        "Docker Hub's pull limit kept the registry from building.", "Try later, or `--docker-base-image IMAGE`."
    ),
    "PushFailed": Explained("The push was cut short.", "Run it again: layers that arrived are not sent again."),
    "RegistryUnauthorized": Explained(
        "The registry does not accept the credential.", "Its password may just have been changed. Run it again."
    ),
    "RegistryUnreachable": Explained("The registry does not answer.", "Check the network and its firewall."),
    "RegistryAnswer": Explained(
        "The registry's answer lacks something; a proxy may have answered.", "Check the proxy."
    ),
    "RegistryError": Explained("The registry answered with an error.", "Run it again in a minute."),
    "ImageNotFound": Explained("The image is not in the registry.", "Push it, or have it built."),
    # Backups
    "NotABackup": Explained("The directory is no backup.", "`mlflow-azure backup DIRECTORY`"),
    "BackupUnfinished": Explained("The backup was interrupted.", "Run it again: `mlflow-azure backup DIRECTORY`."),
    "BackupFormatUnknown": Explained("A later version of mlflow-azure wrote the backup.", "Update mlflow-azure."),
    "BackupOfAnotherKind": Explained(
        "The backup is of MLflow 3, and the deployment is one of 1.5.0, which has no database.",
        "Restore it to a deployment of MLflow 3, or to a directory: `--local`.",
    ),
    "BackupNewer": Explained(
        "The backup is of a newer MLflow than this version of mlflow-azure knows.", "Update mlflow-azure."
    ),
    "TaskFailed": Explained(
        "The temporary web app could not do what it was asked to do, with the runs or the database.",
        "The message says why. Run the command again: it goes on.",
    ),
    "BackupDamaged": Explained("A file of the backup is not what was backed up.", "Take another copy of the backup."),
    "InUse": Explained("Another command is at work in the same place.", "Run one of them at a time."),
    "DirectoryNotEmpty": Explained("The directory holds something else.", "Choose one that is new or empty."),
    "DataExists": Explained(
        "The deployment has data, which the restore would overwrite.", "Back it up first, or overwrite it: `--replace`."
    ),
    "RestoreNotEqual": Explained(
        "Something else was writing there during the restore.", "Run it again with `--stop-server`."
    ),
    "KeepsChanging": Explained("A file kept changing while it was copied.", "Run it again with `--stop-server`."),
    "FileSystem": Explained(
        "The file system here does not accept a file name.", "The message says which; choose another directory."
    ),
    # Moving to MLflow 3
    "BackupNotDecided": Explained(
        "An upgrade has to be told whether to back up the runs first.", "`--backup DIRECTORY`, or `--no-backup`."
    ),
    "NothingToDo": Explained("This step of an upgrade does not fit the deployment's state.", "`mlflow-azure status`"),
    "Occupied": Explained("The directory holds a backup of something else.", "Choose another directory."),
    "NotMoved": Explained(
        "A run cannot be moved as it is; it stays on the file share.",
        "The message says why. Fix it, then run it again.",
    ),
    "SidesDiffer": Explained(
        "File share and database are not equal after the move.", "Nothing was switched. Run it again."
    ),
    # PostgreSQL
    "PostgresFailed": Explained("The PostgreSQL container does not start.", "Read its log: `docker logs NAME`."),
    # The running server
    "NoContainer": Explained("The emulator runs web apps as processes here.", "Start a container engine first."),
    "NoSharedKey": Explained("The storage account does not accept keys.", "Use an account of MLflow 1.5.0, or none."),
    "Stopped": Explained("The web app is stopped.", "`mlflow-azure deploy` starts it."),
    "NoPortal": Explained("This cloud has no portal.", "`mlflow-azure status`"),
    "SignInNotEnabled": Explained("The server does not require sign-in.", "`mlflow-azure auth enable`"),
    "KuduUnreachable": Explained("The web app's SCM site does not answer.", "`mlflow-azure status`"),
    "KuduUnauthorized": Explained("The SCM site does not accept your sign-in.", "`az login`"),
    "KuduForbidden": Explained(
        "You may not use the SCM site.", "You need Website Contributor, and an address that it allows."
    ),
    "KuduFailed": Explained("The SCM site answered with an error.", "`mlflow-azure status`"),
    "TunnelFailed": Explained("The container's SSH port cannot be reached.", "Use the shell in the browser it names."),
    "SshFailed": Explained("The container's SSH server refused the login.", "Use the shell in the browser it names."),
    "ConnectionLost": Explained("The connection to the container was lost.", "`mlflow-azure logs`"),
    # This machine: local-run, the emulator, clients
    "ContainerEnded": Explained("The container of local-run ended.", "Read its last lines."),
    "AzuriteFailed": Explained("Azurite does not answer.", "See the log of its container."),
    "NameInUse": Explained("Another container has that name.", "`mlflow-azure local-run --name NAME`"),
    "PortInUse": Explained("The port is already in use.", "`mlflow-azure local-run --port PORT`"),
    "EmulatorNotInstalled": Explained("The extra `emulator` is not installed.", "Install it as the message says."),
    "EmulatorNotSupported": Explained("The emulator does not run on Windows.", "Use the Windows Subsystem for Linux."),
    "EmulatorFailed": Explained("The emulator could not be started, stopped or queried.", "Follow the message."),
    "EmulatorHome": Explained(
        "The emulator's directory cannot be used.", "Make room, or set `MLFLOW_AZURE_EMULATOR_HOME`."
    ),
    "NotInstalled": Explained("`mlflow-azure` is not on PATH.", "Install it with pipx."),
    "NotConnected": Explained(
        "The client's environment does not name a server.", '`eval "$(mlflow-azure env --show-secrets)"`'
    ),
}
