"""Tells in each answer which image serves it, so that a deployment knows its own container from the one before.

App Service lets the old container answer until the new one does. The digest is an app setting of the web app: an image
cannot know its own.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask, Response

HEADER = "MLflow-Azure-Image"


def install(app: Flask) -> None:
    """Add the header to every answer of `app`; without the app setting there is nothing to tell."""
    digest = os.environ.get("MLFLOW_AZURE_IMAGE_DIGEST")
    if not digest:
        return

    @app.after_request
    def tell(answer: Response) -> Response:
        answer.headers[HEADER] = digest
        return answer
