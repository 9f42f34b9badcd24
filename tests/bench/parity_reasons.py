"""Why a deploy makes something other than the `az` commands did, by a pattern of `kind: path` of the property."""

_APP_SETTING, _SITE = "app settings: ", r"web app: properties\."
REASONS = {
    r".*: tags\..*": "Tags mark what a deployment created; `destroy` deletes nothing else.",
    r"storage account: properties\.minimumTlsVersion": "All clients support TLS 1.2; older versions are insecure.",
    f"{_SITE}httpsOnly": "Metrics and credentials are not sent in clear text.",
    f"{_SITE}clientAffinityEnabled": "MLflow keeps no sessions, so clients need not return to the same instance.",
    r"configuration: properties\.ftpsState": "Nothing is uploaded to the web app: everything it runs is in the image.",
    f"{_APP_SETTING}DOCKER_ENABLE_CI": "Redeploying on a push is opt-in: `mlflow-azure cd enable`.",
    f"{_APP_SETTING}MLFLOW_AZURE_IMAGE_DIGEST": "Restarts the web app only if the tag has a new image.",
    f"{_APP_SETTING}AZURE_STORAGE_CONNECTION_STRING": "Same account and key, with the endpoints Azure returned.",
    f"{_APP_SETTING}WEBSITES_ENABLE_APP_SERVICE_STORAGE": "Files left in /home with `mlflow-azure ssh` "
    "survive a restart; `az` turns this off for containers.",
}
