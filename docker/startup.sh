#!/bin/sh
# Checks the settings, then becomes gunicorn, which serves MLflow.
#
# `exec` matters: gunicorn takes this process's place and gets its signals, so TERM lets running requests finish and
# ends with exit code 0. (`mlflow server` leaves a shell in between, which ignores TERM.)
#
# Reads MLFLOW_SERVER_HOST, _PORT, _WORKERS, _FILE_STORE, _DEFAULT_ARTIFACT_ROOT and, for an artifact root in Azure,
# AZURE_STORAGE_CONNECTION_STRING. A missing or malformed one ends it with exit code 2 and a sentence that names it;
# no value of a secret is ever printed. Needs gunicorn and MLflow on PATH; runs as any user.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

refuse() {
    printf 'mlflow: %s\n' "$1" >&2
    exit 2
}

# need NAME MEANING
need() {
    eval "value=\${$1:-}"
    [ -n "$value" ] || refuse "$1 is not set; it must hold $2."
}

# need_number NAME MEANING HIGHEST
need_number() {
    need "$1" "$2"
    case $value in
        *[!0-9]* | ??????*) ;;
        *) [ "$value" -ge 1 ] && [ "$value" -le "$3" ] && return ;;
    esac
    refuse "$1 must hold $2, a whole number from 1 to $3, but is '$value'."
}

need MLFLOW_SERVER_HOST "the address to listen on, 0.0.0.0 for all"
case $MLFLOW_SERVER_HOST in
    *[!0-9A-Za-z.:-]*) refuse "MLFLOW_SERVER_HOST must hold an address or a host name, but is '$MLFLOW_SERVER_HOST'." ;;
esac
need_number MLFLOW_SERVER_PORT "the port to listen on" 65535
need_number MLFLOW_SERVER_WORKERS "the number of worker processes" 99

need MLFLOW_SERVER_FILE_STORE "the directory of MLflow's file store, such as /mlruns/mlruns"
case $MLFLOW_SERVER_FILE_STORE in
    /*)
        store=$MLFLOW_SERVER_FILE_STORE
        { mkdir -p "$store" && [ -w "$store" ] && [ -x "$store" ]; } 2>/dev/null ||
            refuse "MLFLOW_SERVER_FILE_STORE: $store is not a directory that user $(id -u) can write to."
        ;;
    ?*:/*) ;; # a URI, which MLflow itself checks
    *) refuse "MLFLOW_SERVER_FILE_STORE must hold an absolute path, but is '$MLFLOW_SERVER_FILE_STORE'." ;;
esac

need MLFLOW_SERVER_DEFAULT_ARTIFACT_ROOT "where artifacts go, wasbs://<container>@<account>.blob.core.windows.net/<path>"
case $MLFLOW_SERVER_DEFAULT_ARTIFACT_ROOT in
    # MLflow 1.5.0 knows no other host; in another cloud the connection string says the real one.
    wasbs://?*@?*.blob.core.windows.net | wasbs://?*@?*.blob.core.windows.net/*) blobs=yes ;;
    wasbs:*) refuse "MLFLOW_SERVER_DEFAULT_ARTIFACT_ROOT must look like \
wasbs://<container>@<account>.blob.core.windows.net/<path>, but is '$MLFLOW_SERVER_DEFAULT_ARTIFACT_ROOT'." ;;
    /* | ?*:/*) blobs=no ;;
    *) refuse "MLFLOW_SERVER_DEFAULT_ARTIFACT_ROOT must hold a URI or an absolute path, \
but is '$MLFLOW_SERVER_DEFAULT_ARTIFACT_ROOT'." ;;
esac

# connection_has FIELD: whether the storage connection string has a value for it
connection_has() {
    case ";$AZURE_STORAGE_CONNECTION_STRING" in
        *";$1="[!\;]*) ;;
        *) return 1 ;;
    esac
}

if [ "$blobs" = yes ] && [ -z "${AZURE_STORAGE_ACCESS_KEY:-}" ]; then
    need AZURE_STORAGE_CONNECTION_STRING "the connection string of the storage account that keeps the artifacts"
    { connection_has AccountName || connection_has BlobEndpoint; } &&
        { connection_has AccountKey || connection_has SharedAccessSignature; } ||
        connection_has UseDevelopmentStorage ||
        refuse "AZURE_STORAGE_CONNECTION_STRING is malformed; it must read AccountName=…;AccountKey=… \
as in the portal (its value is not shown here)."
fi

# Where this is macOS: it ends a forked worker that looks for a proxy, unless it is told that this is meant.
export OBJC_DISABLE_INITIALIZE_FORK_SAFETY=YES

exec gunicorn --config "$here/gunicorn.conf.py" --pythonpath "$here" mlflow_app:app
