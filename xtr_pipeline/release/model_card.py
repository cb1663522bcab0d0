"""The README.md of a promoted checkpoint: data, licences, metrics, intended use, limits, lineage.

After Mitchell et al., Model Cards for Model Reporting (2019), with the metadata block that the Hugging Face hub reads.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict

import polars as pl
from huggingface_hub import EvalResult, ModelCardData

from xtr_pipeline.corpus.source_repo import GitSource, PathSource, PypiSource, SourceRepo
from xtr_pipeline.evaluation.metrics import METRICS
from xtr_pipeline.evaluation.report import markdown_table, verdict_markdown
from xtr_pipeline.release.card_facts import CardFacts
from xtr_pipeline.release.label_facts import LabelFacts
from xtr_pipeline.release.use_elsewhere import use_elsewhere

_TAGS = ["code-search", "retrieval", "multi-vector", "late-interaction", "mlx"]

_INTENDED_USE = """\
Finding the files and functions of a source repository that answer a query in English, whether it uses the code's words
or not. The model gives one vector a token; a document's score is the mean over query tokens of the maximum over
document tokens of their cosine (MaxSim), tokens weighed by how far they stand out in the repository, and a unit's that
of its text with a share of that of its file's outline.

    xtr search "where are old snapshots thinned out" --root DIR --model-path promoted

It is not meant for finding bugs or vulnerabilities, for telling who wrote code, or for queries in other languages than
English."""

_ROLES = """\
Weights were fitted to the train repositories only; the dev repositories chose among checkpoints and settings."""

_LIMITS = (
    "Trained only on the repositories listed above as train; programming languages that none of these uses "
    "are unproven.",
    "Texts are cut at the document length above; what stands behind it does not count.",
    "The evaluation queries were written by a language model over few repositories. The bounds resample queries, so "
    "that they understate the spread over repositories of another kind.",
)


def render_model_card(facts: CardFacts) -> str:
    """The card as markdown with its YAML block."""
    sections = {
        "Intended use": _INTENDED_USE,
        "Encoder": _listing({"base model": facts.base_model, **asdict(facts.settings)}),
        "Use elsewhere": use_elsewhere(facts.settings, token_weights=facts.token_weights),
        "Training data": f"{_repo_table(facts.repos)}\n\n{_ROLES}\n\n{_labels(facts.labels)}",
        "Recipe": _listing(facts.recipe),
        "Evaluation": _evaluation(facts),
        "Gate": verdict_markdown(facts.verdict),
        "Limits": "\n".join(f"- {limit}" for limit in (*_LIMITS, *_label_limits(facts.labels), *facts.limits)),
        "Lineage": _table(("artefact", "fingerprint"), ((name, f"`{mark}`") for name, mark in facts.lineage.items())),
    }
    body = "\n\n".join(f"## {title}\n\n{text}" for title, text in sections.items())
    return f"---\n{_metadata(facts)}\n---\n\n# {facts.name}\n\n{body}\n"


def _metadata(facts: CardFacts) -> str:
    data = ModelCardData(
        model_name=facts.name,
        language="en",
        license=facts.licence,
        base_model=facts.base_model,
        library_name="mlx",
        pipeline_tag="sentence-similarity",
        tags=_TAGS,
        eval_results=_eval_results(facts),
    )
    return str(data.to_yaml()).strip()


def _eval_results(facts: CardFacts) -> list[EvalResult]:
    ours = facts.results.filter(
        (pl.col("model") == facts.model)
        & (pl.col("mode") == facts.mode)
        & pl.col("kind").is_in(["semantic", "keyword"])
    )
    return [
        EvalResult(
            task_type="retrieval",
            task_name="Code search",
            dataset_type="xtr-eval-queries",
            dataset_name=f"{row['kind']} queries",
            dataset_config=row["kind"],
            metric_type=metric,
            metric_value=round(row[metric], 4),
        )
        for row in ours.iter_rows(named=True)
        for metric in METRICS
    ]


def _evaluation(facts: CardFacts) -> str:
    return (
        "Files ranked by their best two units, among all source files of repositories that training never saw. The "
        f"default mode is `{facts.mode}`, this model is `{facts.model}`. Two-sided 95% bounds (Wilson for P@1, "
        f"bootstrap over queries for the rest).\n\n{markdown_table(facts.results)}"
    )


def _repo_table(repos: Iterable[SourceRepo]) -> str:
    by_role = sorted(repos, key=lambda repo: repo.role != "train")
    rows = ((repo.name, repo.role, _origin(repo), repo.licence) for repo in by_role)
    return _table(("repository", "role", "source", "licence"), rows)


def _labels(labels: tuple[LabelFacts, ...]) -> str:
    """What the ledger holds, a column a role."""
    rows: tuple[tuple[str, list[object]], ...] = (
        ("queries written", [of.queries for of in labels]),
        ("of these with a graded pool", [of.graded_queries for of in labels]),
        ("different (query, unit) pairs graded", [of.graded_pairs for of in labels]),
        ("second judgings", [of.second_judgings for of in labels]),
        ("writer", [", ".join(of.writers) for of in labels]),
        ("query prompt version", [", ".join(of.query_prompts) for of in labels]),
        ("judge", [", ".join(of.judges) for of in labels]),
        ("grade prompt version", [", ".join(of.grade_prompts) for of in labels]),
        ("rubric version", [", ".join(of.rubrics) for of in labels]),
    )
    cells = ((name, *(f"{value:,}" if isinstance(value, int) else str(value) for value in of)) for name, of in rows)
    return "Labels in the ledger:\n\n" + _table(("", *(of.role for of in labels)), cells)


def _label_limits(labels: tuple[LabelFacts, ...]) -> list[str]:
    train = [of for of in labels if of.role == "train"]
    return [
        f"{of.only_written:,} of the {of.queries:,} train queries were only written by a language model that read one "
        "unit, one file (prompt f1) or up to eight neighbouring files (a1); what it named is taken for their answer, "
        "and nobody graded them. "
        f"{of.graded_queries:,} have a pool that a language model graded from 1 to 5. Both carry that model's leniency "
        "and blind spots."
        for of in train
    ]


def _origin(repo: SourceRepo) -> str:
    match repo.source:
        case PypiSource(project=project, version=version, sha256=sha256):
            return f"sdist of {project} {version}, sha256 `{sha256[:12]}`"
        case GitSource(url=url, commit=commit):
            return f"{url} at `{commit[:12]}`"
        case PathSource():
            # the path says where somebody's checkout lies, which is nobody else's business
            return "a local folder"


def _listing(facts: Mapping[str, object]) -> str:
    return "\n".join(f"- {name}: {value}" for name, value in facts.items())


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(["| " + " | ".join(header) + " |", "|" + "---|" * len(header), *lines])
