"""Tells in each answer which image serves it, and with which keys, so that a deployment knows its own container.

App Service lets the old container answer until the new one does. Both are app settings of the web app: an image cannot
know its own digest, and of the keys only the time of their last rotation is told.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask, Response

HEADERS = {
    "MLflow-Azure-Image": "MLFLOW_AZURE_IMAGE_DIGEST",
    "MLflow-Azure-Keys-Rotated": "MLFLOW_AZURE_KEYS_ROTATED",
}
"""The headers, and the app setting that each one tells."""


def install(app: Flask) -> None:
    """Add the headers to every answer of `app`; without the app settings there is nothing to tell."""
    told = {header: os.environ[setting] for header, setting in HEADERS.items() if os.environ.get(setting)}

    @app.after_request
    def tell(answer: Response) -> Response:
        answer.headers.extend(told)
        return answer
