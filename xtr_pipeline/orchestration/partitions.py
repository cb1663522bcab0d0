"""Partitions: one a source repository, in three sets, so that an evaluation repository has no label partition."""

from dataclasses import dataclass

import dagster as dg

from xtr_pipeline.corpus.registry import Registry


@dataclass(frozen=True)
class RepoPartitions:
    """`every` repository; the `labelled` ones (train and dev); the `evaluated` ones."""

    every: dg.StaticPartitionsDefinition
    labelled: dg.StaticPartitionsDefinition
    evaluated: dg.StaticPartitionsDefinition


def repo_partitions(registry: Registry) -> RepoPartitions:
    """The partition sets of a registry, in its order."""
    return RepoPartitions(
        every=dg.StaticPartitionsDefinition(list(registry.names("train", "dev", "eval"))),
        labelled=dg.StaticPartitionsDefinition(list(registry.names("train", "dev"))),
        evaluated=dg.StaticPartitionsDefinition(list(registry.names("eval"))),
    )
