"""The secrets with which MLflow's webhooks sign: kept only under a key that all instances have.

Without one MLflow makes up a key each time it starts. The next start, and any other instance, cannot read such a
secret, and from then on answers 500 to whoever lists, changes or deletes webhooks.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from cryptography.fernet import InvalidToken
from mlflow.exceptions import MlflowException
from mlflow.store.model_registry.dbmodels.models import EncryptedString
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore

KEY = "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY"


def install(*, has_key: bool) -> None:
    """Take no secret where there is no key for it, and live with those that another key was for."""
    EncryptedString.process_result_value = _readable(EncryptedString.process_result_value)
    if not has_key:
        SqlAlchemyStore.create_webhook = _without_secret(SqlAlchemyStore.create_webhook)
        SqlAlchemyStore.update_webhook = _without_secret(SqlAlchemyStore.update_webhook)


def _readable(decrypt: Callable[..., str | None]) -> Callable[..., str | None]:
    @wraps(decrypt)
    def decrypt_if_possible(column: EncryptedString, value: str | None, dialect: Any) -> str | None:
        try:
            return decrypt(column, value, dialect)
        except InvalidToken:
            return None  # it is delivered without a signature then, which whoever checks it refuses

    return decrypt_if_possible


def _without_secret(write: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(write)
    def write_without_secret(*arguments: Any, secret: str | None = None, **options: Any) -> Any:
        if secret:
            raise MlflowException.invalid_parameter_value(
                f"This server keeps no secrets of webhooks: the app setting {KEY} is missing."
            )
        return write(*arguments, **options)

    return write_without_secret
