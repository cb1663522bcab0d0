"""What is said of the encodes before the first step."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from xtr_pipeline.training.preparing import Spoken
from xtr_pipeline.training.start import starting_encoder
from xtr_pipeline.training.trainer import train
from xtr_pipeline_tests.training.tiny import RECIPE, tiny_encoder, tiny_examples


def _times(*seconds: float) -> Iterator[float]:
    yield from seconds


def test_tokens_rate_and_time_left_are_said_at_most_every_so_many_seconds():
    lines: list[str] = []
    times = _times(0, 4, 10, 15, 20, 30, 42)
    hear = Spoken(lines.append, 10, lambda: next(times))
    for done in (40, 200, 300, 400):
        hear(done, 1_000)
    assert lines == ["200/1,000 tokens, 20 tokens/s, ETA 0:40", "400/1,000 tokens, 20 tokens/s, ETA 0:30"]
    hear(5, 50)  # another encode begins
    hear(29, 50)
    assert lines[2:] == ["29/50 tokens, 2 tokens/s, ETA 0:08"]


def test_the_encodes_before_the_first_step_are_heard_to_their_end(tmp_path: Path):
    ends: list[bool] = []

    def hear(done: int, total: int) -> None:
        ends.append(done == total)

    start = starting_encoder(tiny_encoder(head_dim=None), RECIPE, tiny_examples(8), 8, hear)
    assert ends.count(True) == 1
    recipe = replace(RECIPE, batching="topic", steps=1, dev_every=0)
    train(recipe, start, tiny_examples(8), None, tmp_path, lambda _: None, hear)
    assert ends.count(True) == 2
    assert ends[-1]
