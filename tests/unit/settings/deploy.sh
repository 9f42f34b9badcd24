#!/usr/bin/env bash
# Deploys MLflow to Azure App Service. Change the variables below, then: bash deploy.sh
set -euo pipefail

### Variables ##########################################################################

# Subscription and resource group
SUBSCRIPTION_ID="6A7C3C0E-36B5-4C6F-9F0B-0C3F0A1B2C3D"
export RG_NAME=team-mlflow
export RG_LOCATION="North Europe"   # don't use westeurope: it is full

# Container registry and image
export ACR_NAME='teammlflowregistry'
export DOCKER_IMAGE_NAME=mlflowimage DOCKER_IMAGE_TAG=1.5.0

# App Service
ASP_NAME=${RG_NAME}-plan
ASP_SKU=P1V3
WEB_APP_NAME="team_mlflow"

# MLflow
MLFLOW_HOST=0.0.0.0; MLFLOW_PORT=5000
MLFLOW_WORKERS=$(nproc)

# Storage
STORAGE_ACCOUNT_NAME=mlflow$RANDOM
STORAGE_CONTAINER_NAME=\
mlflow
STORAGE_MOUNT_POINT=/mlruns
MLFLOW_FILESTORE="$STORAGE_MOUNT_POINT/mlruns"
STORAGE_FILE_SHARE_NAME=${SHARE:-mlflow}
STORAGE_FILE_SHARE_SIZE=

# Sign-in
SP_NAME="MLflow of the team"
SP_PASSWORD='correct horse battery staple'
TENANT_ID="11111111-2222-3333-4444-555555555555"
AAD_ISSUER_URL="https://sts.windows.net/$TENANT_ID/"

### Resources ##########################################################################

az login
az account set --subscription "$SUBSCRIPTION_ID"

az group create --name "$RG_NAME" --location "$RG_LOCATION"

az storage account create --resource-group "$RG_NAME" --location "$RG_LOCATION" \
    --name "$STORAGE_ACCOUNT_NAME" --sku Standard_LRS
az storage container create --name "$STORAGE_CONTAINER_NAME" --account-name "$STORAGE_ACCOUNT_NAME"
az storage share create --name "$STORAGE_FILE_SHARE_NAME" --account-name "$STORAGE_ACCOUNT_NAME" \
    --quota "$STORAGE_FILE_SHARE_SIZE"
export STORAGE_ACCESS_KEY=$(az storage account keys list --resource-group "$RG_NAME" \
    --account-name "$STORAGE_ACCOUNT_NAME" --query '[0].value' --output tsv)
export STORAGE_CONNECTION_STRING=`az storage account show-connection-string --resource-group $RG_NAME \
    --name $STORAGE_ACCOUNT_NAME --output tsv`

az acr create --name "$ACR_NAME" --resource-group "$RG_NAME" --sku Basic --admin-enabled true
ACR_USERNAME=$(az acr credential show --name "$ACR_NAME" --query username --output tsv)
ACR_PASSWORD=$(az acr credential show --name "$ACR_NAME" --query "passwords[0].value" --output tsv)
LOGIN_SERVER="$ACR_NAME.azurecr.io"
echo "$ACR_PASSWORD" | docker login "$LOGIN_SERVER" --username "$ACR_USERNAME" --password-stdin
DOCKER_BUILDKIT=1 docker build --tag "$LOGIN_SERVER/$DOCKER_IMAGE_NAME:$DOCKER_IMAGE_TAG" .
docker push "$LOGIN_SERVER/$DOCKER_IMAGE_NAME:$DOCKER_IMAGE_TAG"
az acr repository list --name "$ACR_NAME"

az appservice plan create --name "$ASP_NAME" --resource-group "$RG_NAME" --sku "$ASP_SKU" --is-linux
az webapp create --resource-group "$RG_NAME" --plan "$ASP_NAME" --name "$WEB_APP_NAME" \
    --deployment-container-image-name "$LOGIN_SERVER/$DOCKER_IMAGE_NAME:$DOCKER_IMAGE_TAG"
az webapp config container set --name "$WEB_APP_NAME" --resource-group "$RG_NAME" \
    --docker-registry-server-url "https://$LOGIN_SERVER" \
    --docker-registry-server-user "$ACR_USERNAME" --docker-registry-server-password "$ACR_PASSWORD"
az webapp deployment container config --name "$WEB_APP_NAME" --resource-group "$RG_NAME" --enable-cd true

# Settings, one by one
az webapp config appsettings set --resource-group "$RG_NAME" --name "$WEB_APP_NAME" \
    --settings WEBSITES_PORT="$MLFLOW_PORT"
az webapp log config --name "$WEB_APP_NAME" --resource-group "$RG_NAME" --docker-container-logging filesystem
az webapp config appsettings set --resource-group "$RG_NAME" --name "$WEB_APP_NAME" \
    --settings AZURE_STORAGE_CONNECTION_STRING="$STORAGE_CONNECTION_STRING"
ARTIFACT_ROOT="wasbs://$STORAGE_CONTAINER_NAME@$STORAGE_ACCOUNT_NAME.blob.core.windows.net/mlartefacts"
az webapp config appsettings set --resource-group "$RG_NAME" --name "$WEB_APP_NAME" \
    --settings MLFLOW_SERVER_DEFAULT_ARTIFACT_ROOT="$ARTIFACT_ROOT"
az webapp config appsettings set --resource-group "$RG_NAME" --name "$WEB_APP_NAME" \
    --settings "
MLFLOW_WORKERS=4
"
az webapp config appsettings set --resource-group "$RG_NAME" --name "$WEB_APP_NAME" \
    --settings MLFLOW_SERVER_PORT="$MLFLOW_PORT"
az webapp config appsettings set --resource-group "$RG_NAME" --name "$WEB_APP_NAME" \
    --settings MLFLOW_SERVER_HOST="$MLFLOW_HOST"
az webapp config appsettings set --resource-group "$RG_NAME" --name "$WEB_APP_NAME" \
    --settings MLFLOW_SERVER_FILE_STORE="$MLFLOW_FILESTORE"

az webapp config storage-account add --resource-group "$RG_NAME" --name "$WEB_APP_NAME" \
    --custom-id "$STORAGE_ACCOUNT_NAME" --storage-type AzureFiles \
    --account-name "$STORAGE_ACCOUNT_NAME" --share-name "$STORAGE_CONTAINER_NAME" \
    --access-key "$STORAGE_ACCESS_KEY" --mount-path "$STORAGE_MOUNT_POINT"
az webapp config storage-account list --resource-group "$RG_NAME" --name "$WEB_APP_NAME"

cat <<END
The server starts. A client needs:
MLFLOW_PORT=443
MLFLOW_TRACKING_URI=https://$WEB_APP_NAME.azurewebsites.net
END
