"""`python -m mlflow3_app.migration DIRECTORY [ARTIFACT_ROOT]`: one pass, whose report is printed as JSON.

The database is that of MLFLOW_SERVER_DATABASE_URI. Ends with 0 where all was moved, with 4 where something was not.
"""

import json
import os
import sys
from pathlib import Path

import sqlalchemy

from mlflow3_app import schema
from mlflow3_app.database import complete_uri
from mlflow3_app.migration.database import Database
from mlflow3_app.migration.file_store import FileStore
from mlflow3_app.migration.passes import Pass

_SOME_LEFT = 4


def main() -> int:
    """Do it."""
    directory, artifact_root = (*sys.argv[1:], "")[:2]
    uri = complete_uri(os.environ["MLFLOW_SERVER_DATABASE_URI"], os.environ)
    schema.prepare(uri, upgrade=False)
    database = Database(sqlalchemy.create_engine(uri))
    report = Pass(FileStore(Path(directory), artifact_root), database)()
    print(json.dumps(report.data(), indent=2))  # noqa: T201 - what it is for
    return _SOME_LEFT if report.aside else 0


if __name__ == "__main__":
    sys.exit(main())
