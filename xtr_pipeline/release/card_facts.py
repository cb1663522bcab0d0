"""What a model card states, checked before anything is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from xtr_pipeline.corpus.source_repo import SourceRepo
from xtr_pipeline.evaluation.gate import Verdict


class CardFactsError(ValueError):
    """Facts from which no honest card can be written; the message lists every problem."""


@dataclass(frozen=True)
class CardFacts:
    """Everything a promoted checkpoint's card says."""

    name: str
    """Of the model, as a title."""
    base_model: str
    """Hub id of the encoder that training started from."""
    repos: tuple[SourceRepo, ...]
    """Train and dev repositories."""
    labels: Mapping[str, str | int | float]
    """About the labels, e.g. {"queries": 250, "graded pairs": 2000, "judge": "claude", "prompt version": "…"}."""
    recipe: Mapping[str, object]
    """Hyper-parameters."""
    settings: Mapping[str, str | int | bool]
    """Of the encoder: dimensions, query and document length in tokens."""
    results: pl.DataFrame
    """From evaluation.report.result_figures: this model's runs, and those it is compared with."""
    model: str
    """This model's name in `results`."""
    mode: str
    """The default mode, in which the gate judged."""
    verdict: Verdict
    lineage: Mapping[str, str]
    """Artefact to fingerprint: sources, ledger, base weights, recipe, checkpoint, eval specs, code."""
    licence: str = "apache-2.0"
    """Of the weights, as a Hugging Face licence id."""
    limits: tuple[str, ...] = field(default=())
    """Limits of this very model, beyond those that the card always names."""

    def __post_init__(self) -> None:
        """Refuse facts with gaps.

        Raises:
            CardFactsError: blank names, no repositories or licences, an eval repository, no labels, lineage or results.
        """
        empty = [
            name
            for name in (
                "name",
                "base_model",
                "repos",
                "labels",
                "recipe",
                "settings",
                "model",
                "mode",
                "lineage",
                "licence",
            )
            if not getattr(self, name)
        ]
        problems = [f"{name} is empty" for name in empty]
        problems += [f"repo {repo.name!r} has no licence" for repo in self.repos if not repo.licence.strip()]
        problems += [f"repo {repo.name!r} is an eval repo" for repo in self.repos if repo.role == "eval"]
        problems += [f"lineage of {name!r} is blank" for name, value in self.lineage.items() if not value.strip()]
        ours = self.results.filter((pl.col("model") == self.model) & (pl.col("mode") == self.mode))
        if ours.is_empty():
            problems.append(f"results hold no run of {self.model!r} in mode {self.mode!r}")
        if problems:
            raise CardFactsError("model card: " + "; ".join(problems))
