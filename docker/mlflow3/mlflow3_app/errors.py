"""Why the server does not start."""


class StartError(Exception):
    """A sentence for whoever reads the log, and the exit code."""

    code = 1


class SettingsError(StartError):
    """A setting is missing or malformed."""

    code = 2


class SchemaError(StartError):
    """The database holds something else than this MLflow's schema."""

    code = 3
