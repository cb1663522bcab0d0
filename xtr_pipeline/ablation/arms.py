"""Arms of an ablation: systems that differ in one thing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from xtr_pipeline.retrieval.file_scores import ScoreWeights
from xtr_pipeline.training.recipe import DOCSTRING, JUDGED, Recipe, RecipeError
from xtr_pipeline.training.training_set import WRITTEN

Start = Literal["bm25", "mean-vector", "base", "docstring", "judged"]
RECIPES: Mapping[str, Recipe] = {"docstring": DOCSTRING, "judged": JUDGED}
UNTRAINED = ("bm25", "mean-vector", "base")
OWN: Mapping[str, type] = {
    "labels": float,
    "without": str,
    "average": float,
    "head_dim": int,
    "weighted_tokens": bool,
    "warm_up": bool,
    "mined_ceiling": float,
}
"""Settings of an arm besides those of its recipe."""
SEARCHED: Mapping[str, type] = {f"{weight.name}_weight": float for weight in fields(ScoreWeights)}
"""Those that change how a model is searched and not what it is: `ScoreWeights`."""
SOURCES = (*WRITTEN, "judged")
"""Where the training set has its queries from: those without grades by what they were written about, and the graded."""

NAMED: Mapping[str, str] = {
    # the base and the main job's model, searched otherwise
    "base-no-salience": "base:salience_weight=0",
    "base-no-outlines": "base:outline_weight=0",
    "base-no-sizes": "base:size_weight=0",
    "base-best-unit": "base:size_weight=0,second_weight=0",
    "no-salience": "judged:salience_weight=0",
    "no-outlines": "judged:outline_weight=0",
    "no-sizes": "judged:size_weight=0",
    "best-unit": "judged:size_weight=0,second_weight=0",
    "tokens-alike": "judged:weighted_tokens=false",
    "averaged": "judged:average=0.3",
    # each loss alone, then each further loss beside the recipe's own
    "contrastive-only": "judged:listwise_weight=0",
    "listwise-only": "judged:contrastive_weight=0",
    "mse-only": "judged:contrastive_weight=0,listwise_weight=0,mse_weight=1",
    "ordinal-only": "judged:contrastive_weight=0,listwise_weight=0,ordinal_weight=1",
    "margin-only": "judged:contrastive_weight=0,listwise_weight=0,margin_weight=1",
    "+mse": "judged:mse_weight=1",
    "+ordinal": "judged:ordinal_weight=1",
    "+margin": "judged:margin_weight=1",
    "xtr-trained": 'judged:scoring="xtr"',
    "mined": "judged:mined_negatives=3",
    "mined-below-95%": "judged:mined_negatives=3,mined_ceiling=0.95",
    "warmed-up": "judged:warm_up=true",
    # what each kind of label earns
    "without-area-queries": "judged:without=area",
    "without-file-queries": "judged:without=file",
    "without-unit-queries": "judged:without=written",
    "without-graded-queries": "judged:without=judged",
    # the learning curve: what the recipe makes of a smaller ledger; all of it is `judged`
    "labels-10%": "judged:labels=0.1",
    "labels-25%": "judged:labels=0.25",
    "labels-50%": "judged:labels=0.5",
}
"""Arms of the table by name; any other is written out, as `judged:learning_rate=5e-5,seed=14`."""

_BASES = tuple(name for name in NAMED if name.startswith("base-"))
TABLE = ("bm25", "mean-vector", "base", *_BASES, "docstring", "judged", *(name for name in NAMED if name not in _BASES))
"""The arms that are measured when none are named."""


class ArmError(ValueError):
    """An arm that cannot be measured; the message names it and the cure."""


@dataclass(frozen=True)
class Arm:
    """One system.

    Attributes:
        name: As it was asked for; names the row.
        start: What it is: "bm25", "mean-vector" (base, one vector a unit), "base", or the recipe that trains it.
        settings: Changes of the recipe.
        labels: Share of the queries that it is trained on; smaller shares are parts of larger ones.
        without: Sources of queries that it is not trained on, with + between (`SOURCES`).
        average: Share of the starting weights that is worked into the trained ones.
        head_dim: Dimensions of a token vector; 0: as the main job has it.
        weighted_tokens: Whether a query's tokens count as the model has it, or all alike.
        warm_up: Whether training starts from the docstring-trained model and not from the base.
        mined_ceiling: Share of the lowest score of a query's positives that mined negatives stay below, by the start's
            scores (`ablation.near_positives`); 0 keeps all.
        weights: What counts in a file's score besides how its best unit matches.
    """

    name: str
    start: Start
    settings: Mapping[str, Any] = field(default_factory=dict)
    labels: float = 1.0
    without: str = ""
    average: float = 0.0
    head_dim: int = 0
    weighted_tokens: bool = True
    warm_up: bool = False
    mined_ceiling: float = 0.0
    weights: ScoreWeights = field(default_factory=ScoreWeights)

    def recipe(self, seed: int) -> Recipe:
        """The recipe that trains this arm.

        Raises:
            ArmError: The arm is not trained, or its settings make no recipe.
        """
        if self.start not in RECIPES:
            raise ArmError(f"arm {self.name!r} is not trained")
        try:
            return replace(RECIPES[self.start], **{"seed": seed, **self.settings})
        except RecipeError as error:
            raise ArmError(f"arm {self.name!r}: {error}") from error


def arm_of(text: str) -> Arm:
    """Read an arm: a name, or `start:setting=value,...` with settings of the recipe and those of `OWN`.

    Raises:
        ArmError: An unknown name, setting or value.
    """
    start, _, changes = NAMED.get(text, text).partition(":")
    if start not in (*UNTRAINED, *RECIPES):
        raise ArmError(f"unknown arm {text!r}: choose of {', '.join(TABLE)}, or write judged:setting=value,...")
    settings = dict(_setting(text, change) for change in changes.split(",")) if changes else {}
    own = {name: settings.pop(name) for name in OWN if name in settings}
    searched = {name.removesuffix("_weight"): settings.pop(name) for name in SEARCHED if name in settings}
    taken = SEARCHED if start == "base" else ()
    if start in UNTRAINED and (settings or own or (searched and not taken)):
        raise ArmError(f"arm {text!r}: {start} is not trained and takes {' and '.join(taken) or 'nothing'} alone")
    if not 0 < own.get("labels", 1.0) <= 1 or not 0 <= own.get("average", 0.0) <= 1:
        raise ArmError(f"arm {text!r}: labels must lie above 0 and at most at 1, average between 0 and 1")
    if start == "docstring" and (own.get("warm_up") or own.get("mined_ceiling")):
        raise ArmError(f"arm {text!r}: docstrings have no mined negatives, and warm up the judged recipe alone")
    if not 0 <= own.get("mined_ceiling", 0.0) <= 1:
        raise ArmError(f"arm {text!r}: mined_ceiling must lie between 0 and 1")
    unknown = {*own.get("without", "").split("+"), *SOURCES} - {"", *SOURCES}
    if start == "docstring" and own.get("without"):
        raise ArmError(f"arm {text!r}: docstrings have one source, and nothing of it can be left out")
    if unknown:
        raise ArmError(f"arm {text!r}: no source {', '.join(sorted(unknown))}; there are {', '.join(SOURCES)}")
    if own.get("head_dim", 1) < 1 or any(weight < 0 for weight in searched.values()):
        raise ArmError(f"arm {text!r}: head_dim must be at least 1, {', '.join(SEARCHED)} at least 0")
    arm = Arm(text, start, settings, **own, weights=ScoreWeights(**searched))  # type: ignore[arg-type]  # one of the names above
    if start in RECIPES:
        arm.recipe(RECIPES[start].seed)
    return arm


def shortened(arm: Arm, steps: int | None) -> Arm:
    """The same arm, trained for at most so many steps where it is trained and says nothing itself.

    Its last step is delivered: early stopping, which would hide that an arm makes the start worse, is left out.
    """
    if steps is None or arm.start not in RECIPES:
        return arm
    short = {"steps": min(steps, RECIPES[arm.start].steps), "dev_every": 0, "start_may_win": False}
    return replace(arm, settings={**short, **arm.settings})


def _setting(arm: str, change: str) -> tuple[str, Any]:
    name, equals, value = change.partition("=")
    known = {f.name for f in fields(Recipe)} - {"name"} | {*OWN, *SEARCHED}
    if name not in known or not equals:
        raise ArmError(f"arm {arm!r}: no setting {name!r}; there are {', '.join(sorted(known))}")
    try:
        read = json.loads(value)
    except json.JSONDecodeError:
        read = value
    expected = {**OWN, **SEARCHED}.get(name) or type(getattr(JUDGED, name))
    if expected is float and type(read) is int:
        read = float(read)
    if type(read) is not expected:
        raise ArmError(f"arm {arm!r}: {name} takes a {expected.__name__}, not {value}")
    return name, read
