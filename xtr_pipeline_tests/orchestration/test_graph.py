"""A snapshot of the graph: assets, what they read, their partitions, checks, jobs, schedules."""

import dagster as dg

from xtr_pipeline_tests.orchestration.conftest import Bench

LINEAGE = {
    "source_tree": ("every", set()),
    "code_units": ("every", {"source_tree"}),
    "docstring_pairs": ("labelled", {"code_units"}),
    "queries": ("labelled", {"code_units"}),
    "mined_negatives": ("labelled", {"queries", "code_units"}),
    "candidate_pool": ("labelled", {"queries", "code_units", "base_encoder"}),
    "judgments": ("labelled", {"queries", "candidate_pool", "code_units"}),
    "base_encoder": (None, set()),
    "training_set": (None, {"queries", "mined_negatives", "judgments"}),
    "docstring_set": (None, {"docstring_pairs"}),
    "dev_set": (None, {"queries", "judgments", "code_units"}),
    "docstring_checkpoint": (None, {"base_encoder", "docstring_set", "dev_set", "code_units"}),
    "xtr_checkpoint": (None, {"base_encoder", "training_set", "dev_set", "code_units"}),
    "token_index": ("evaluated", {"code_units", "base_encoder", "docstring_checkpoint", "xtr_checkpoint"}),
    "retrieval_metrics": ("evaluated", {"code_units", "token_index"}),
    "error_analysis": ("evaluated", {"code_units", "token_index", "retrieval_metrics"}),
    "metrics_report": (None, {"retrieval_metrics"}),
    "promoted_checkpoint": (None, {"metrics_report", "xtr_checkpoint"}),
}
PARTITIONS = {
    "every": ["alpha", "beta", "gamma", "delta"],
    "labelled": ["alpha", "beta", "gamma"],
    "evaluated": ["delta"],
}


def test_lineage_and_partitions(finished: Bench) -> None:
    graph = finished.defs().resolve_asset_graph()
    seen = {}
    for key in graph.toposorted_asset_keys:
        node = graph.get(key)
        partitions = None if node.partitions_def is None else list(node.partitions_def.get_partition_keys())
        name = next((name for name, keys in PARTITIONS.items() if keys == partitions), None)
        seen[key.to_user_string()] = (name, {parent.to_user_string() for parent in node.parent_keys})
    assert seen == LINEAGE


def test_an_evaluation_repository_has_no_label_partition(finished: Bench) -> None:
    graph = finished.defs().resolve_asset_graph()
    for name in ("docstring_pairs", "queries", "mined_negatives", "candidate_pool", "judgments"):
        assert "delta" not in graph.get(dg.AssetKey(name)).partitions_def.get_partition_keys()


def test_every_check_blocks(finished: Bench) -> None:
    specs = [spec for check in finished.defs().asset_checks or [] for spec in check.check_specs]
    assert {(spec.asset_key.to_user_string(), spec.name) for spec in specs} == {
        ("code_units", "not_empty_and_parsed"),
        ("code_units", "units_are_unique"),
        ("judgments", "grades_are_sound"),
        ("judgments", "labels_attach"),
        ("judgments", "no_eval_repo_in_ledger"),
        ("training_set", "no_eval_repo_in_training"),
        ("docstring_set", "no_eval_repo_in_training"),
        ("dev_set", "no_eval_repo_in_training"),
        ("docstring_checkpoint", "loss_is_finite_and_falls"),
        ("xtr_checkpoint", "loss_is_finite_and_falls"),
        ("metrics_report", "gate"),
    }
    assert all(spec.blocking for spec in specs)


def test_jobs_and_schedules(finished: Bench) -> None:
    defs = finished.defs()
    assert {defs.resolve_job_def(name).name for name in ("ci", "nightly")} == {"ci", "nightly"}
    schedule = defs.resolve_schedule_def("nightly_schedule")
    assert (schedule.cron_schedule, schedule.execution_timezone, schedule.job_name) == ("0 2 * * *", "UTC", "nightly")


def test_steps_that_compute_with_mlx_share_one_pool(finished: Bench) -> None:
    graph = finished.defs().resolve_asset_graph()
    pooled = {key.to_user_string() for key in graph.toposorted_asset_keys if graph.get(key).pools == {"mlx"}}
    assert pooled == {
        "candidate_pool",
        "docstring_checkpoint",
        "xtr_checkpoint",
        "token_index",
        "retrieval_metrics",
        "error_analysis",
    }
