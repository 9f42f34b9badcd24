"""How the server opens a run's artifacts: only where they may be, and leaving nothing behind."""

import shutil
import tempfile
from collections.abc import Callable

from flask import Response, abort, after_this_request
from mlflow.server import handlers
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

from mlflow_app.paths import is_artifact_location


def confine(artifact_root: str) -> None:
    """Have MLflow's handlers open no location that could not be created today.

    The store may be older than the guard, and hold an experiment that an attacker made before.
    """
    open_repository = handlers.get_artifact_repository

    def open_confined(artifact_uri: str) -> ArtifactRepository:
        if not is_artifact_location(artifact_uri, artifact_root):
            abort(
                403,
                "The artifacts of this run are neither in a remote store nor in the server's artifact root.",
            )
        repository = open_repository(artifact_uri)
        if not isinstance(repository, LocalArtifactRepository):
            repository.download_artifacts = _for_one_request(repository.download_artifacts)
        return repository

    handlers.get_artifact_repository = open_confined


def _for_one_request(download: Callable[[str, str], str]) -> Callable[[str], str]:
    """Delete what was downloaded for a request, which MLflow leaves in the temporary directory for ever."""

    def download_and_delete(artifact_path: str) -> str:
        directory = tempfile.mkdtemp()

        @after_this_request
        def delete(response: Response) -> Response:
            # The response holds the file open, so it is sent all the same.
            shutil.rmtree(directory, ignore_errors=True)
            return response

        return download(artifact_path, directory)

    return download_and_delete
