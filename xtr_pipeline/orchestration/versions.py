"""What made a value: the fingerprint of an asset's inputs, recorded with each materialisation.

Dagster records the data versions of the direct inputs, but not of what lies outside the graph (a registry entry, a
ledger file, a recipe). The fingerprint covers both, so that comparing it answers "is there anything to do?" without
running.
"""

import hashlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
import polars as pl
from dagster import AssetKey, DagsterInstance
from dagster._core.event_api import PartitionKeyFilter
from dagster._core.storage.asset_check_execution_record import (
    AssetCheckExecutionRecord,
    AssetCheckExecutionRecordStatus,
)

INPUTS_TAG = "xtr/inputs"
GATE = "gate"
DATA_VERSION_TAG = "dagster/data_version"
Outside = Mapping[
    str, Callable[[str | None], str]
]  # asset name -> partition -> version of its inputs outside the graph


def digest(*parts: object) -> str:
    """Short hex digest of a sequence of JSON-able parts."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def data_version(value: object) -> str:
    """Version of a value by its content, or by its `fingerprint` where a record has one: folders may move."""
    if isinstance(value, pl.DataFrame):
        buffer = io.BytesIO()
        value.write_ipc(buffer)
        return hashlib.sha256(buffer.getvalue()).hexdigest()[:32]
    if isinstance(value, Mapping) and "fingerprint" in value:
        return str(value["fingerprint"])[:32]
    return digest(value)


@dataclass
class Versions:
    """Reads the latest versions from the event log; `graph` is Dagster's asset graph."""

    instance: DagsterInstance
    graph: Any
    outside: Outside
    _seen: dict[tuple[AssetKey, str | None], Mapping[str, str]] = field(default_factory=dict)
    _made: dict[tuple[AssetKey, str | None], int | None] = field(default_factory=dict)

    def recorded(self, key: AssetKey, partition: str | None) -> Mapping[str, str]:
        """Tags of the latest materialisation; empty when there is none."""
        if (key, partition) not in self._seen:
            wanted = dg.AssetRecordsFilter(asset_key=key, asset_partitions=None if partition is None else [partition])
            records = self.instance.fetch_materializations(wanted, limit=1).records
            latest = records[0].asset_materialization if records else None
            self._made[(key, partition)] = records[0].storage_id if records else None
            self._seen[(key, partition)] = dict(latest.tags or {}) if latest else {}
        return self._seen[(key, partition)]

    def forget(self, key: AssetKey, partition: str | None) -> None:
        """Drop what was read of a partition that has just been materialised."""
        self._seen.pop((key, partition), None)

    def current(self, key: AssetKey, partition: str | None) -> str:
        """Fingerprint of the inputs as they are now."""
        node = self.graph.get(key)
        upstream = {
            parent.to_user_string(): {
                str(name): self.recorded(parent, name).get(DATA_VERSION_TAG, "missing")
                for name in self._partitions_read(key, parent, partition)
            }
            for parent in sorted(node.parent_keys)
        }
        outside = self.outside.get(key.to_user_string())
        return digest(node.code_version, upstream, outside(partition) if outside else None)

    def is_fresh(self, key: AssetKey, partition: str | None) -> bool:
        """Whether the latest materialisation was made from the inputs as they are now."""
        return self.recorded(key, partition).get(INPUTS_TAG) == self.current(key, partition)

    def is_checked(self, key: AssetKey, partition: str | None) -> bool:
        """Whether every check of the latest materialisation passed.

        A value is stored before its checks run: one that failed them, or whose run was killed in between, must not
        count as done. The gate is left out, since a refusal is a result and the promotion asks the gate again.
        """
        keys = [check for check in self.graph.asset_check_keys if check.asset_key == key and check.name != GATE]
        if not keys:
            return True
        self.recorded(key, partition)
        where = None if partition is None else PartitionKeyFilter(key=partition)
        latest = self.instance.event_log_storage.get_latest_asset_check_execution_by_key(keys, where)
        return all(self._passed(latest.get(check), self._made[(key, partition)]) for check in keys)

    @staticmethod
    def _passed(record: AssetCheckExecutionRecord | None, materialised: int | None) -> bool:
        # a killed run leaves records of checks that were only planned, which evaluated nothing
        if record is None or record.status != AssetCheckExecutionRecordStatus.SUCCEEDED or record.evaluation is None:
            return False
        target = record.evaluation.target_materialization_data
        return target is not None and target.storage_id == materialised

    def _partitions_read(self, key: AssetKey, parent: AssetKey, partition: str | None) -> list[str | None]:
        partitions = self.graph.get(parent).partitions_def
        if partitions is None:
            return [None]
        mapping = self.graph.get(key).partition_mappings.get(parent)
        if isinstance(mapping, dg.SpecificPartitionsPartitionMapping):
            return list(mapping.partition_keys)
        return list(partitions.get_partition_keys()) if partition is None else [partition]
