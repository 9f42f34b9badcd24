"""MLflow's file store, made to bear a thousand runs: what it reads is the same, but read once.

MLflow 1.5.0 finds a run by listing every experiment, eight times for each run of a search, and parses a run's
`meta.yaml` five times. Only that is changed here; what the files mean is left to MLflow's own code. Nothing that a
file holds is kept from one call to the next: another worker or instance may have written it since.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from mlflow.entities import Run, RunInfo
from mlflow.store.tracking.file_store import FileStore
from mlflow.utils import file_utils
from mlflow.utils.validation import _validate_run_id

# (id of the experiment, directory of the run), or (None, None)
_Root = tuple[str | None, str | None]


def use_c_loader() -> None:
    """Have MLflow parse YAML with libyaml, which is ten times as fast as PyYAML's own parser and as safe."""
    file_utils.yaml = _YamlInC


class _YamlInC:
    """PyYAML, as far as MLflow's `file_utils` uses it."""

    safe_dump = staticmethod(yaml.safe_dump)

    @staticmethod
    def safe_load(stream: Any) -> Any:
        return yaml.load(stream, Loader=yaml.CSafeLoader)


class IndexedFileStore(FileStore):
    """A file store that remembers where runs are, and reads a run's `meta.yaml` once in a call."""

    def __init__(self, store_uri: str, artifact_uri: str) -> None:
        super().__init__(store_uri, artifact_uri)
        self._roots: dict[str, _Root] = {}
        self._call = threading.local()

    def get_run(self, run_id: str) -> Run:
        """The run, active or deleted, with its latest metrics, its params and its tags."""
        with self._one_call():
            return super().get_run(run_id)

    def _search_runs(self, *args: Any, **kwargs: Any) -> Any:
        with self._one_call():
            return super()._search_runs(*args, **kwargs)

    @contextmanager
    def _one_call(self) -> Iterator[None]:
        """Within it, this thread reads no `meta.yaml` twice; a call in a call belongs to the outer one."""
        outer = getattr(self._call, "infos", None)
        self._call.infos = {} if outer is None else outer
        try:
            yield
        finally:
            self._call.infos = outer

    def _get_run_info(self, run_uuid: str) -> RunInfo:
        infos = getattr(self._call, "infos", None)
        if infos is None:
            return super()._get_run_info(run_uuid)
        if run_uuid not in infos:
            infos[run_uuid] = super()._get_run_info(run_uuid)
        return infos[run_uuid]

    def _find_run_root(self, run_uuid: str) -> _Root:
        _validate_run_id(run_uuid)
        # A run moves when its experiment is deleted or restored, by whatever process. A directory that is not where
        # it was, and a run not heard of, are looked up anew.
        experiment, directory = self._roots.get(run_uuid, (None, None))
        if directory is None or not Path(directory).is_dir():
            self._roots = self._list_roots()
            experiment, directory = self._roots.get(run_uuid, (None, None))
        return experiment, directory

    def _list_roots(self) -> dict[str, _Root]:
        """Every run's root, in MLflow's order of looking: the first experiment that has the name wins."""
        self._check_root_dir()
        roots: dict[str, _Root] = {}
        active, deleted = self._get_active_experiments(full_path=True), self._get_deleted_experiments(full_path=True)
        for experiment in map(Path, active + deleted):
            for name in file_utils.list_all(str(experiment)):
                roots.setdefault(name, (experiment.name, str(experiment / name)))
        return roots
