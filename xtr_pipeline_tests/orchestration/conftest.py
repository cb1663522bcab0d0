"""The small project, built and run once for all tests that only look at it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from xtr_pipeline.orchestration.build import build_defs
from xtr_pipeline.orchestration.driver import Driver, make_driver
from xtr_pipeline.orchestration.instance import open_instance
from xtr_pipeline.orchestration.project import Project
from xtr_pipeline_tests.orchestration.small_project import small_project


@dataclass
class Bench:
    """A project with its instance; `told` collects what drivers said."""

    project: Project
    instance: dg.DagsterInstance
    told: list[str]

    def defs(self) -> dg.Definitions:
        return build_defs(self.project)

    def driver(self) -> Driver:
        """A new driver, as every call of `xtr run` makes one."""
        return make_driver(self.project, self.defs(), self.instance, self.told.append)

    def materialise(self, *assets: str, partition: str | None = None) -> dg.ExecuteInProcessResult:
        """Run assets alone, as a person does from the web UI."""
        return (
            self.defs()
            .resolve_implicit_global_asset_job_def()
            .execute_in_process(
                instance=self.instance,
                partition_key=partition,
                asset_selection=[dg.AssetKey(asset) for asset in assets],
                raise_on_error=False,
            )
        )


def make_bench(folder: Path, monkeypatch: pytest.MonkeyPatch, *, promotable: bool = True) -> Bench:
    project = small_project(folder, monkeypatch, promotable=promotable)
    return Bench(project, open_instance(project.files.home), [])


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A fresh small project."""
    bench = make_bench(tmp_path, monkeypatch)
    with bench.instance:
        yield bench


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A small project whose main job has run once; tests that change it must not use this."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        bench = make_bench(tmp_path_factory.mktemp("finished"), monkeypatch)
        with bench.instance:
            outcome = bench.driver().run()
            assert outcome.failed == {}
            yield bench
