"""Profiles: how much of the same graph a job runs."""

from dataclasses import dataclass

from xtr_pipeline.corpus.registry import Registry
from xtr_pipeline.training.recipe import DOCSTRING, JUDGED, Recipe


@dataclass(frozen=True)
class Profile:
    """Repositories and recipes of a job. `repos` None means all; only a `promotable` profile can pass the gate."""

    name: str
    home: str
    repos: tuple[str, ...] | None
    docstring: Recipe
    judged: Recipe
    promotable: bool

    def select(self, registry: Registry) -> Registry:
        """The registry cut down to this profile's repositories; the profile's name for one that is missing is an error."""
        if self.repos is None:
            return registry
        return Registry(tuple(registry.get(name) for name in self.repos))


FULL = Profile(name="full", home=".xtr", repos=None, docstring=DOCSTRING, judged=JUDGED, promotable=True)
PROFILES = {profile.name: profile for profile in (FULL,)}


def profile_named(name: str) -> Profile:
    """Look a profile up.

    Raises:
        ValueError: for an unknown name, with the names that exist.
    """
    if name not in PROFILES:
        msg = f"unknown profile {name!r}: choose one of {', '.join(PROFILES)} (XTR_PROFILE or --profile)"
        raise ValueError(msg)
    return PROFILES[name]
