"""Units and an encoder small enough to reason about."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import pytest

from xtr_pipeline.corpus.units import UNIT_SCHEMA
from xtr_pipeline_tests.retrieval.fake_encoder import FakeEncoder


@pytest.fixture
def encoder() -> FakeEncoder:
    return FakeEncoder()


def make_units(rows: Sequence[tuple[str, str, str]], repo: str = "demo") -> pl.DataFrame:
    """Builds a units frame from (path, symbol, body); the unit id is `repo/path#symbol@1-2`."""
    defaults = {name: 0 if dtype.is_numeric() else "" for name, dtype in pl.Schema(UNIT_SCHEMA).items()}
    records = [
        {
            **defaults,
            "unit_id": f"{repo}/{path}#{symbol}@1-2",
            "repo": repo,
            "path": path,
            "symbol": symbol,
            "body": body,
            "start_line": 1,
            "end_line": 2,
        }
        for path, symbol, body in rows
    ]
    return pl.DataFrame(records, schema=UNIT_SCHEMA)
