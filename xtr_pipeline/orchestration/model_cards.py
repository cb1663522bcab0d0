"""The facts of a promoted checkpoint's card, gathered from the project."""

import polars as pl

from xtr_pipeline.encoder.settings import EncoderSettings
from xtr_pipeline.evaluation.gate import Verdict
from xtr_pipeline.evaluation.report import result_figures
from xtr_pipeline.judge.ledger import load_grades, load_queries
from xtr_pipeline.orchestration.outside import file_digest
from xtr_pipeline.orchestration.project import Project
from xtr_pipeline.orchestration.results import Record
from xtr_pipeline.orchestration.verdicts import CANDIDATE
from xtr_pipeline.orchestration.versions import digest
from xtr_pipeline.release.card_facts import CardFacts
from xtr_pipeline.release.label_facts import LabelFacts, LabelledRole, label_facts
from xtr_pipeline.release.model_card import render_model_card
from xtr_pipeline.retrieval.modes import DEFAULT_MODE

_LABELLED: tuple[LabelledRole, ...] = ("train", "dev")


def card_of(project: Project, report: pl.DataFrame, checkpoint: Record, verdict: Verdict) -> str:
    """The model card of the candidate of a report."""
    registry = project.registry()
    labelled = registry.names("train", "dev")
    facts = CardFacts(
        name="xtr code search",
        base_model="sentence-transformers/all-MiniLM-L6-v2",
        repos=tuple(registry.get(name) for name in labelled),
        labels=tuple(_labels_of(project, role) for role in _LABELLED if registry.names(role)),
        recipe=checkpoint["recipe"],
        settings=EncoderSettings(**checkpoint["settings"]),
        token_weights=checkpoint["token_weights"],
        results=result_figures(report),
        model=CANDIDATE,
        mode=DEFAULT_MODE,
        verdict=verdict,
        lineage={
            "checkpoint": checkpoint["fingerprint"],
            "base encoder": checkpoint["base"],
            "sources": digest(*(registry.get(name).fingerprint() for name in labelled)),
            "ledger": digest(
                *(
                    file_digest(project.files.ledger / kind / f"{name}.jsonl")
                    for kind in ("queries", "grades")
                    for name in labelled
                )
            ),
            "evaluation specs": digest(*(file_digest(path) for path in project.files.specs)),
        },
    )
    return render_model_card(facts)


def _labels_of(project: Project, role: LabelledRole) -> LabelFacts:
    names = project.registry().names(role)
    ledger = project.files.ledger
    return label_facts(role, load_queries(ledger, names), load_grades(ledger, names))
