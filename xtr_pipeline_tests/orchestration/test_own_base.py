"""A project that starts from an encoder of its own."""

import json
import shutil
from pathlib import Path

from xtr_pipeline.encoder.checkpoint import load_encoder
from xtr_pipeline_tests.orchestration.conftest import Bench

TINY_T5 = Path(__file__).parents[1] / "encoder" / "fixtures" / "tiny_t5"


def stored(bench: Bench, name: str) -> dict[str, str]:
    return json.loads((Path(bench.project.storage) / f"{name}.json").read_text())


def test_the_main_job_trains_and_measures_the_users_own_t5_with_the_head_that_it_brings(bench: Bench) -> None:
    root = bench.project.files.root
    shutil.copytree(TINY_T5, root / "own")
    bench.project.files.model_settings.write_text('base = "own"')
    outcome = bench.driver().run()
    assert outcome.failed == {}
    original = load_encoder(TINY_T5)
    # the baseline's recipe never keeps the start, as the candidate's may where no step beats it on dev
    base, trained = stored(bench, "base_encoder"), stored(bench, "docstring_checkpoint")
    assert (base["name"], base["fingerprint"]) == ("own", original.fingerprint)
    encoder = load_encoder(bench.project.files.home / trained["folder"])
    assert encoder.config == original.config
    assert encoder.settings.dim == original.settings.dim
    assert encoder.fingerprint != original.fingerprint


def test_another_base_makes_everything_that_came_from_it_due(bench: Bench) -> None:
    driver = bench.driver()
    driver.run()
    assert not bench.driver().plan()
    shutil.copytree(TINY_T5, bench.project.files.root / "own")
    bench.project.files.model_settings.write_text('base = "own"')
    assert "base_encoder" in str(bench.driver().plan()[0])
