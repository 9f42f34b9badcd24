"""Makes the schema before the newest in the database of the URI given. Runs beside MLflow 3; prints the revision."""

import logging
import sys

import sqlalchemy
from alembic import command
from alembic.script import ScriptDirectory
from mlflow.store.db.utils import InitialBase, _get_alembic_config

logging.disable()
uri = sys.argv[1]
InitialBase.metadata.create_all(sqlalchemy.create_engine(uri))
config = _get_alembic_config(uri)
scripts = ScriptDirectory.from_config(config)
older = scripts.get_revision(scripts.get_current_head()).down_revision
command.upgrade(config, older)
print(older)
