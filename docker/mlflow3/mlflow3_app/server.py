"""What each of uvicorn's workers loads: the application, with its connections to the database."""

import gc

from mlflow3_app.application import app, connections

__all__ = ["app"]

connections.open_stores()

gc.freeze()  # what is there by now stays
gc.enable()
