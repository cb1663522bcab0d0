"""What a model card states, checked before anything is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from xtr_pipeline.corpus.source_repo import SourceRepo
from xtr_pipeline.encoder.settings import EncoderSettings
from xtr_pipeline.evaluation.gate import Verdict
from xtr_pipeline.release.label_facts import LabelFacts


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
    labels: tuple[LabelFacts, ...]
    """What the ledger holds, one entry for each role among `repos`."""
    recipe: Mapping[str, object]
    """Hyper-parameters."""
    settings: EncoderSettings
    """Of the encoder: dimensions, lengths in tokens, which preprocessing."""
    results: pl.DataFrame
    """From evaluation.report.result_figures: this model's runs, and those it is compared with."""
    model: str
    """This model's name in `results`."""
    mode: str
    """The default mode, in which the gate judged."""
    verdict: Verdict
    lineage: Mapping[str, str]
    """Artefact to fingerprint: sources, ledger, base weights, recipe, checkpoint, eval specs, code."""
    token_weights: bool = False
    """Whether the checkpoint weighs the tokens of a query."""
    licence: str = "apache-2.0"
    """Of the weights, as a Hugging Face licence id."""
    limits: tuple[str, ...] = field(default=())
    """Limits of this very model, beyond those that the card always names."""

    def __post_init__(self) -> None:
        """Refuse facts with gaps.

        Raises:
            CardFactsError: blank names, no repositories or licences, an eval repository, no labels for a role,
                no lineage or results.
        """
        empty = [
            name
            for name in (
                "name",
                "base_model",
                "repos",
                "labels",
                "recipe",
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
        counted = sorted(labels.role for labels in self.labels)
        roles = sorted({repo.role for repo in self.repos} - {"eval"})
        if self.labels and counted != roles:
            problems.append(f"labels are those of {counted}, the repos are {roles}")
        problems += [f"lineage of {name!r} is blank" for name, value in self.lineage.items() if not value.strip()]
        ours = self.results.filter((pl.col("model") == self.model) & (pl.col("mode") == self.mode))
        if ours.is_empty():
            problems.append(f"results hold no run of {self.model!r} in mode {self.mode!r}")
        if problems:
            raise CardFactsError("model card: " + "; ".join(problems))
