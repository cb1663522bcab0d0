"""Recipes: one dataclass, everything wrong in one message."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, replace

import pytest

from xtr_pipeline.training.recipe import DOCSTRING, JUDGED, Recipe, RecipeError


def test_the_fingerprint_changes_with_every_setting_and_with_nothing_else():
    again = Recipe(**{field.name: getattr(JUDGED, field.name) for field in fields(Recipe)})
    changed = [
        replace(JUDGED, temperature=0.02),
        replace(JUDGED, seed=14),
        replace(JUDGED, freeze_embeddings=True),
        JUDGED.quick(),
        DOCSTRING,
    ]
    assert again.fingerprint() == JUDGED.fingerprint()
    assert len({recipe.fingerprint() for recipe in [JUDGED, *changed]}) == 6


def test_a_recipe_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        JUDGED.steps = 3  # type: ignore[misc]


def test_everything_wrong_with_a_recipe_is_in_one_message():
    with pytest.raises(RecipeError) as error:
        replace(
            JUDGED,
            temperature=0,
            steps=0,
            start_share=1.5,
            negative_grade=4,
            decay="none",
            document_length=2000,
            scoring="bm25",
            token_weights="idf",
            batching="alphabetical",
            margin_weight=-1,
        )
    for part in (
        "temperature must be above 0",
        "steps must be at least 1",
        "start_share must be between 0 and 1",
        "negative_grade 4 must be below",
        "decay must be",
        "scoring must be 'maxsim' or 'xtr'",
        "token_weights must be 'alike' or 'rarity'",
        "batching must be 'mixed', 'repo' or 'topic'",
        "margin_weight must be 0 or more",
        "<= tile_tokens",
    ):
        assert part in str(error.value)


def test_a_recipe_without_a_loss_is_refused():
    with pytest.raises(RecipeError, match="nothing would be learned"):
        replace(JUDGED, contrastive_weight=0, listwise_weight=0)


def test_the_quick_variant_takes_few_short_steps_and_differs_in_nothing_that_is_learned_from():
    for recipe in (DOCSTRING, JUDGED):
        quick = recipe.quick()
        assert quick.steps * quick.batch_tokens <= 30_000
        assert (quick.temperature, quick.listwise_weight, quick.seed) == (
            recipe.temperature,
            recipe.listwise_weight,
            recipe.seed,
        )


@pytest.mark.parametrize("recipe", [DOCSTRING, JUDGED], ids=lambda recipe: recipe.name)
def test_a_shipped_recipe_can_stop_before_its_last_step(recipe: Recipe) -> None:
    first = 0 if recipe.start_may_win else recipe.dev_every
    assert first + recipe.patience * recipe.dev_every < recipe.steps
