"""The order in which the main job walks the graph: a stage is one run a partition."""

from dataclasses import dataclass
from typing import Literal

from xtr_pipeline.orchestration.partitions import RepoPartitions


@dataclass(frozen=True)
class Stage:
    """Assets that share their partitions and run together. A `vital` stage that fails ends the job."""

    name: str
    assets: tuple[str, ...]
    partitions: Literal["every", "labelled", "evaluated"] | None
    vital: bool = False

    def keys(self, partitions: RepoPartitions) -> list[str | None]:
        """Partition keys of the stage; one None for an unpartitioned stage."""
        if self.partitions is None:
            return [None]
        return list(getattr(partitions, self.partitions).get_partition_keys())


STAGES = (
    Stage("corpus", ("source_tree", "code_units"), "every"),
    Stage("base", ("base_encoder",), None, vital=True),
    Stage("labels", ("docstring_pairs", "queries", "mined_negatives", "candidate_pool", "judgments"), "labelled"),
    Stage("sets", ("training_set", "docstring_set", "dev_set"), None, vital=True),
    # a run each: a run's checks come last, so that one that was killed beside the other would be trained again
    Stage("baseline", ("docstring_checkpoint",), None, vital=True),
    Stage("candidate", ("xtr_checkpoint",), None, vital=True),
    Stage("retrieval", ("token_index", "retrieval_metrics", "error_analysis"), "evaluated"),
    Stage("report", ("metrics_report",), None, vital=True),
    Stage("release", ("promoted_checkpoint",), None),
)
