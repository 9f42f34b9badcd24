"""Why a deploy makes something other than the `az` commands did, by a pattern of `kind: path` of the property."""

_APP_SETTING, _SITE = "app settings: ", r"web app: properties\."
REASONS = {
    r".*: tags\..*": "By its tags a deployment knows what it made; `destroy` deletes nothing else.",
    r"storage account: properties\.minimumTlsVersion": "Clients speak TLS 1.2; older versions are broken.",
    f"{_SITE}httpsOnly": "Metrics, and what one signs in with, do not travel in the clear.",
    f"{_SITE}clientAffinityEnabled": "MLflow keeps no sessions: no client has to come back to an instance.",
    r"configuration: properties\.ftpsState": "Nobody uploads anything to the web app: what it runs is in the image.",
    f"{_APP_SETTING}DOCKER_ENABLE_CI": "Serving each pushed image is a choice of its own: `mlflow-azure cd enable`.",
    f"{_APP_SETTING}MLFLOW_AZURE_IMAGE_DIGEST": "A new image under the same tag restarts the web app, no old one.",
    f"{_APP_SETTING}AZURE_STORAGE_CONNECTION_STRING": "The same account and key, at the endpoints Azure returned.",
    f"{_APP_SETTING}WEBSITES_ENABLE_APP_SERVICE_STORAGE": "What one leaves in /home by `mlflow-azure ssh` "
    "is there after a restart; `az` switches that off for containers.",
}
