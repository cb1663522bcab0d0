"""Storage of asset values: frames as parquet, records as JSON, one file a partition, readable without Dagster."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg
import polars as pl
from upath import UPath


@contextmanager
def _replacing(path: UPath) -> Iterator[UPath]:
    """A draft that takes the path's place when it is whole: a killed run leaves the old value, never half a new one."""
    draft = path.with_name(f".{path.name}.draft")
    yield draft
    draft.replace(path)


class _FrameStore(dg.UPathIOManager):
    extension = ".parquet"

    def dump_to_path(self, context: dg.OutputContext, obj: pl.DataFrame, path: UPath) -> None:
        with _replacing(path) as draft, draft.open("wb") as file:
            obj.write_parquet(file)

    def load_from_path(self, context: dg.InputContext, path: UPath) -> pl.DataFrame:
        with path.open("rb") as file:
            return pl.read_parquet(file)


class _RecordStore(dg.UPathIOManager):
    extension = ".json"

    def dump_to_path(self, context: dg.OutputContext, obj: dict[str, Any], path: UPath) -> None:
        with _replacing(path) as draft:
            draft.write_text(json.dumps(obj, indent=1, sort_keys=True))

    def load_from_path(self, context: dg.InputContext, path: UPath) -> Any:
        return json.loads(path.read_text())


class Frames(dg.ConfigurableIOManagerFactory):  # type: ignore[type-arg]
    """Polars frames as `<base>/<asset>[/<partition>].parquet`; `base` may be any universal-pathlib address."""

    base: str

    def create_io_manager(self, context: dg.InitResourceContext) -> _FrameStore:
        """The IO manager for one run."""
        return _FrameStore(base_path=UPath(self.base))


class Records(dg.ConfigurableIOManagerFactory):  # type: ignore[type-arg]
    """JSON records as `<base>/<asset>[/<partition>].json`."""

    base: str

    def create_io_manager(self, context: dg.InitResourceContext) -> _RecordStore:
        """The IO manager for one run."""
        return _RecordStore(base_path=UPath(self.base))


def stored_path(base: str, asset: str, partition: str | None) -> UPath | None:
    """Where the value of an asset's partition lies, or None when nothing is stored."""
    stem = UPath(base) / asset if partition is None else UPath(base) / asset / partition
    candidates = (stem.with_name(stem.name + suffix) for suffix in (".parquet", ".json"))
    return next((path for path in candidates if path.exists()), None)
