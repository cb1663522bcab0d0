"""The main job: what is due runs, the rest is left alone, failures stay where they are."""

import json
import os
import signal
import time
from functools import partial
from pathlib import Path

import polars as pl
import pytest

from xtr_pipeline.orchestration.assets import corpus
from xtr_pipeline.orchestration.recovery import only_driver
from xtr_pipeline.orchestration.stages import STAGES
from xtr_pipeline.orchestration.verdicts import stored_report
from xtr_pipeline.retrieval import settings
from xtr_pipeline.retrieval.file_scores import ScoreWeights
from xtr_pipeline_tests.orchestration.conftest import Bench, make_bench


def touched(bench: Bench) -> list[str]:
    return [str(due) for due in bench.driver().plan()]


def test_a_second_run_does_nothing(finished: Bench) -> None:
    outcome = finished.driver().run()
    assert outcome.ran == []
    assert outcome.fresh == 34
    assert finished.driver().plan() == []


def test_every_step_left_a_value_that_needs_no_dagster_to_read(finished: Bench) -> None:
    storage = Path(finished.project.storage)
    units = pl.read_parquet(storage / "code_units" / "alpha.parquet")
    assert set(units["path"]) == {"store/cache.py", "net/client.py", "text/headers.py"}
    checkpoint = json.loads((storage / "xtr_checkpoint.json").read_text())
    assert (finished.project.files.home / checkpoint["folder"] / "model.safetensors").is_file()
    report = stored_report(finished.project)
    assert report is not None
    assert set(report.select("model", "mode").unique().rows()) == {
        ("bm25", "bm25"),
        *((model, mode) for model in ("base", "docstring", "judged") for mode in ("semantic", "hybrid")),
    }


def test_touching_one_repository_runs_its_partition_and_what_depends_on_it(bench: Bench) -> None:
    assert bench.driver().run().failed == {}
    file = Path(bench.project.root) / "code" / "beta" / "text" / "headers.py"
    file.write_text(file.read_text() + "\n\ndef first_line(text):\n    return text.partition('\\n')[0]\n")
    assert touched(bench) == ["corpus [beta]: source_tree, code_units"]
    ran = [str(due) for due in bench.driver().run().ran]
    assert ran[0] == "corpus [beta]: source_tree, code_units"
    assert ran[1] == "labels [beta]: docstring_pairs, queries, mined_negatives, candidate_pool, judgments"
    assert not any("alpha" in step or "gamma" in step for step in ran)


def test_a_change_without_effect_on_the_value_stops_there(bench: Bench) -> None:
    assert bench.driver().run().failed == {}
    registry = bench.project.files.registry
    changed = registry.read_text().replace('licence = "MIT"', 'licence = "Apache-2.0"', 1)
    registry.write_text(changed)
    ran = [str(due) for due in bench.driver().run().ran]
    assert ran == ["corpus [alpha]: source_tree, code_units"]


def test_new_labels_train_the_candidate_again_and_leave_the_baseline(bench: Bench) -> None:
    assert bench.driver().run().failed == {}
    shard = bench.project.files.ledger / "grades" / "alpha.jsonl"
    lines = shard.read_text().splitlines()
    shard.write_text(
        "\n".join(line.replace('"grade":1', '"grade":2').replace('"grade": 1', '"grade": 2') for line in lines) + "\n"
    )
    ran = [asset for due in bench.driver().run().ran for asset in due.assets]
    assert "xtr_checkpoint" in ran
    assert "docstring_checkpoint" not in ran


def test_another_weight_in_search_measures_again_and_trains_nothing(
    finished: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "ScoreWeights", partial(ScoreWeights, tests=0.5))
    assert touched(finished) == ["retrieval [delta]: retrieval_metrics, error_analysis"]


def test_another_salience_trains_again_too_as_early_stopping_searches_with_it(
    finished: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "ScoreWeights", partial(ScoreWeights, salience=0.5))
    assert "xtr_checkpoint" in str(touched(finished))


def test_a_broken_repository_does_not_stop_the_others(bench: Bench) -> None:
    registry = bench.project.files.registry
    registry.write_text(registry.read_text().replace("../code/beta", "../code/nowhere"))
    outcome = bench.driver().run()
    assert set(outcome.failed) == {"corpus [beta]"}
    assert "nowhere" in outcome.failed["corpus [beta]"]
    assert stored_report(bench.project) is not None


def test_a_folder_that_disappears_later_fails_its_own_partition_only(bench: Bench) -> None:
    assert bench.driver().run().failed == {}
    code = Path(bench.project.root) / "code"
    (code / "beta").rename(code / "elsewhere")
    outcome = bench.driver().run()
    assert set(outcome.failed) == {"corpus [beta]"}
    assert [str(due) for due in outcome.ran] == ["corpus [beta]: source_tree, code_units"]


def test_a_value_that_failed_its_check_is_not_done(bench: Bench) -> None:
    for path in (Path(bench.project.root) / "code" / "alpha").rglob("*.py"):
        path.rename(path.with_suffix(".sql"))
    for _ in range(2):
        outcome = bench.driver().run()
        assert "not_empty_and_parsed" in outcome.failed["corpus [alpha]"]
        assert not any("labels [alpha]" in str(due) for due in outcome.ran)


def test_what_takes_long_has_a_run_of_its_own_so_that_its_checks_end_with_it() -> None:
    for stage in STAGES:
        assert len({"docstring_checkpoint", "xtr_checkpoint"} & set(stage.assets)) <= 1


def test_an_interrupt_ends_the_job(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)

    monkeypatch.setattr(corpus, "cut_tree", interrupted)
    with pytest.raises(KeyboardInterrupt):
        bench.driver().run()
    assert bench.told == ["corpus [alpha]: source_tree, code_units"]


def test_a_profile_that_is_no_promotion_is_refused_and_then_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench(tmp_path, monkeypatch, promotable=False)
    with bench.instance:
        outcome = bench.driver().run()
        assert (outcome.failed, outcome.refused) == ({}, True)
        assert not (bench.project.files.home / "promoted").exists()
        again = bench.driver().run()
        assert (again.ran, again.refused) == ([], True)
        assert bench.driver().plan() == []


def test_two_jobs_on_one_storage_are_refused(tmp_path: Path) -> None:
    with only_driver(tmp_path), pytest.raises(RuntimeError, match="another job is at work"), only_driver(tmp_path):
        pass
