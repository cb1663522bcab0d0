"""Arms are read from words, and what cannot be measured is refused before anything is trained."""

import pytest

from xtr_pipeline.ablation.arms import NAMED, OWN, RECIPES, TABLE, ArmError, arm_of, shortened
from xtr_pipeline.training.recipe import DOCSTRING, JUDGED

SEARCHED_BY = ("salience_weight", "outline_weight", "size_weight", "second_weight", "tests_weight")


def test_every_arm_of_the_table_can_be_read_and_is_another_system() -> None:
    arms = [arm_of(name) for name in TABLE]
    # by the recipe that comes of it: a setting that is the recipe's own makes no other system
    recipes = [arm.recipe(JUDGED.seed) if arm.start in RECIPES else None for arm in arms]
    systems = {
        (recipe, *(getattr(arm, name) for name in ("start", *OWN, "weights")))
        for arm, recipe in zip(arms, recipes, strict=True)
    }
    assert len(systems) == len(TABLE)


def test_a_named_arm_changes_the_recipe_that_the_main_job_uses_in_what_it_says_alone() -> None:
    for name in (name for name in NAMED if arm_of(name).start in RECIPES):
        recipe = arm_of(name).recipe(JUDGED.seed)
        changed = {key for key, value in vars(recipe).items() if value != getattr(JUDGED, key)}
        assert changed <= set(arm_of(name).settings), name


def test_the_learning_curve_is_the_recipe_itself_on_a_smaller_ledger() -> None:
    for share in ("10", "25", "50"):
        arm = arm_of(f"labels-{share}%")
        assert arm.labels == float(share) / 100
        assert arm.recipe(JUDGED.seed) == JUDGED


def test_settings_are_read_with_the_types_of_the_recipe() -> None:
    arm = arm_of('judged:learning_rate=5e-5,steps=9,scoring="xtr",batching="topic",labels=0.25,average=1')
    recipe = arm.recipe(seed=4)
    assert (recipe.learning_rate, recipe.steps, recipe.scoring, recipe.batching) == (5e-5, 9, "xtr", "topic")
    assert (arm.labels, arm.average, recipe.seed) == (0.25, 1.0, 4)
    assert arm_of("judged:scoring=xtr").recipe(4).scoring == "xtr"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("jugded", "unknown arm 'jugded'"),
        ("base:steps=3", f"takes {' and '.join(SEARCHED_BY)} alone"),
        ("bm25:outline_weight=0", "takes nothing alone"),
        ("judged:learning=1", "no setting 'learning'"),
        ("judged:steps", "no setting 'steps'"),
        ("judged:steps=0.5", "steps takes a int"),
        ("judged:steps=true", "steps takes a int"),
        ("judged:labels=0", "labels must lie above 0"),
        ("judged:mined_ceiling=1.5", "mined_ceiling must lie between 0 and 1"),
        ("docstring:warm_up=true", "warm up the judged recipe alone"),
        ("judged:temperature=0", "temperature must be above 0"),
        ("judged:head_dim=-1", "head_dim must be at least 1"),
        ("base:outline_weight=-1", f"{', '.join(SEARCHED_BY)} at least 0"),
        ("judged:size_weight=-0.1", f"{', '.join(SEARCHED_BY)} at least 0"),
        ("base:labels=0.5", f"takes {' and '.join(SEARCHED_BY)} alone"),
    ],
)
def test_what_cannot_be_measured_is_refused_by_name(text: str, message: str) -> None:
    with pytest.raises(ArmError, match=message):
        arm_of(text)


def test_nothing_can_be_left_out_of_docstrings() -> None:
    with pytest.raises(ArmError, match="docstrings have one source"):
        arm_of("docstring:without=file")


def test_a_source_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ArmError, match="no source jugded; there are written, file, area, judged"):
        arm_of("judged:without=file+jugded")


def test_a_bound_of_steps_holds_for_trained_arms_that_say_nothing_themselves() -> None:
    assert shortened(arm_of("judged"), 150).recipe(13).steps == 150
    assert shortened(arm_of("judged:steps=9"), 150).recipe(13).steps == 9
    assert shortened(arm_of("docstring"), 10_000).recipe(13).steps == DOCSTRING.steps
    assert shortened(arm_of("base"), 150) == arm_of("base")
    assert shortened(arm_of("judged"), None) == arm_of("judged")


def test_an_arm_with_a_bound_of_steps_delivers_its_last_one() -> None:
    assert not shortened(arm_of("judged"), 150).recipe(13).chooses_on_dev
    assert arm_of("judged").recipe(13).chooses_on_dev
    assert shortened(arm_of("judged:dev_every=5"), 150).recipe(13).chooses_on_dev
