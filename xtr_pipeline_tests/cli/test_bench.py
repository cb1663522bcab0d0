"""`xtr bench` says what it needs before it loads anything."""

import pytest
from typer.testing import CliRunner

from xtr_pipeline.cli.app import app


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--parts", "train,sing"], "unknown parts sing: choose of train, encode, search, cold"),
        (["--parts", ","], "unknown parts (none)"),
        (["--repo", "borgbackup", "--parts", "search"], "not train or dev repos of the registry: borgbackup"),
    ],
)
def test_what_cannot_be_measured_is_told(options: list[str], said: str) -> None:
    result = CliRunner().invoke(app, ["bench", *options])
    assert result.exit_code == 2
    assert said in result.output


def test_without_pytorch_the_cure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xtr_pipeline.cli.bench.find_spec", lambda _: None)
    result = CliRunner().invoke(app, ["bench"])
    assert result.exit_code == 2
    assert "not installed: torch. Run pip install -e '.[torch]'" in result.output
    cold = CliRunner().invoke(app, ["bench", "--parts", "cold"])
    assert "not installed: sentence_transformers, torch" in cold.output
