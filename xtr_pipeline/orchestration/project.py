"""A project as a Dagster resource: its files, and its registry cut down to the profile."""

from collections.abc import Mapping
from pathlib import Path

import dagster as dg

from xtr_pipeline.corpus.registry import Registry, SourceRepo, load_registry
from xtr_pipeline.corpus.reserved import load_reserved
from xtr_pipeline.orchestration.profiles import Profile, profile_named
from xtr_pipeline.project_files import ProjectFiles, project_files


class Project(dg.ConfigurableResource):  # type: ignore[type-arg]  # dagster leaves the type parameter to IO managers
    """One checkout.

    `root` holds `data/` and `eval/`, `home` is the run storage (local: models and indexes are mapped into memory),
    `storage` any universal-pathlib address for asset values, `profile` the size of the job.
    """

    root: str
    home: str
    downloads: str
    storage: str
    profile: str = "full"

    @property
    def files(self) -> ProjectFiles:
        """Where everything lies."""
        return ProjectFiles(Path(self.root), Path(self.home), Path(self.downloads))

    def reserved(self) -> frozenset[str]:
        """Names that never reach training."""
        return load_reserved(self.files.reserved)

    def settings(self) -> Profile:
        """The profile's repositories and recipes."""
        return profile_named(self.profile)

    def registry(self) -> Registry:
        """The registry, cut down to the profile's repositories."""
        return self.settings().select(load_registry(self.files.registry, self.reserved()))

    def repo(self, name: str) -> SourceRepo:
        """One entry of the registry."""
        return self.registry().get(name)


def locate_project(environ: Mapping[str, str]) -> Project:
    """The project, the profile (XTR_PROFILE) and the storage of asset values (XTR_STORAGE) that the environment names.

    Raises:
        ValueError: there is no such profile.
    """
    profile = profile_named(environ.get("XTR_PROFILE") or "full").name
    files = project_files(environ)
    return Project(
        root=str(files.root),
        home=str(files.home),
        downloads=str(files.downloads),
        storage=environ.get("XTR_STORAGE") or str(files.home / "storage"),
        profile=profile,
    )
