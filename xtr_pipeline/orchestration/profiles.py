"""Profiles: how much of the same graph a job runs."""

from dataclasses import dataclass

from xtr_pipeline.corpus.registry import Registry
from xtr_pipeline.training.recipe import DOCSTRING, JUDGED, Recipe


@dataclass(frozen=True)
class Profile:
    """Size of a job.

    Attributes:
        name: As in `--profile` and XTR_PROFILE.
        repos: Names of the repositories; None means all of the registry.
        docstring, judged: Recipes of the two checkpoints.
        head_dim: Dimensions of a token vector.
        probe_units: Units of each dev repository that a measurement during training encodes at most, and with them how
            many of its queries are asked.
        promotable: Whether its model may be promoted.
    """

    name: str
    repos: tuple[str, ...] | None
    docstring: Recipe
    judged: Recipe
    head_dim: int
    probe_units: int
    promotable: bool

    def select(self, registry: Registry) -> Registry:
        """The registry cut down to this profile's repositories; a name that is missing there is an error."""
        return registry if self.repos is None else Registry(tuple(registry.get(name) for name in self.repos))

    def recipe(self, name: str) -> Recipe:
        """The recipe of the checkpoint `docstring` or `judged`."""
        return {"docstring": self.docstring, "judged": self.judged}[name]


FULL = Profile(
    name="full",
    repos=None,
    docstring=DOCSTRING,
    judged=JUDGED,
    head_dim=128,
    probe_units=800,
    promotable=True,
)
QUICK = Profile(
    name="quick",
    # small, in two languages; the eval repositories are the two smallest
    repos=("apscheduler", "typos", "scikit-build-core", "httpie", "scrapy"),
    docstring=DOCSTRING.quick(),
    judged=JUDGED.quick(),
    head_dim=128,
    probe_units=600,
    promotable=False,
)
PROFILES = {profile.name: profile for profile in (FULL, QUICK)}


def profile_named(name: str) -> Profile:
    """Look a profile up.

    Raises:
        ValueError: for an unknown name, with the names that exist.
    """
    if name not in PROFILES:
        msg = f"unknown profile {name!r}: choose one of {', '.join(PROFILES)} (XTR_PROFILE or --profile)"
        raise ValueError(msg)
    return PROFILES[name]
