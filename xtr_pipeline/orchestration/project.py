"""Where a project's inputs and run storage lie, as a Dagster resource."""

from collections.abc import Mapping
from pathlib import Path

import dagster as dg

from xtr_pipeline.corpus.registry import Registry, SourceRepo, load_registry
from xtr_pipeline.corpus.reserved import load_reserved
from xtr_pipeline.orchestration.profiles import Profile, profile_named


class Project(dg.ConfigurableResource):  # type: ignore[type-arg]  # dagster leaves the type parameter to IO managers
    """One checkout: `root` holds `data/` and `eval/` (read only), `home` is the run storage, `profile` the size of the job."""

    root: str
    home: str
    profile: str = "full"

    @property
    def home_path(self) -> Path:
        """Folder of everything that a run writes."""
        return Path(self.home)

    @property
    def registry_path(self) -> Path:
        """The registry of source repositories."""
        return Path(self.root) / "data" / "repos.toml"

    @property
    def ledger_path(self) -> Path:
        """The committed ledger of queries and grades."""
        return Path(self.root) / "data" / "judgments"

    @property
    def spec_paths(self) -> tuple[Path, Path]:
        """The evaluation specs: semantic and keyword queries."""
        return (Path(self.root) / "eval" / "semantic_queries.json", Path(self.root) / "eval" / "code_queries.json")

    @property
    def downloads_path(self) -> Path:
        """Downloaded archives; shared by the profiles, since they are addressed by their hash."""
        return Path(self.root) / ".xtr" / "downloads"

    def reserved(self) -> frozenset[str]:
        """Names that never reach training, from `eval/reserved.txt`."""
        return load_reserved(Path(self.root) / "eval" / "reserved.txt")

    def settings(self) -> Profile:
        """The profile's repositories and recipes."""
        return profile_named(self.profile)

    def registry(self) -> Registry:
        """The registry, cut down to the profile's repositories."""
        return self.settings().select(load_registry(self.registry_path, self.reserved()))

    def repo(self, name: str) -> SourceRepo:
        """One entry of the registry."""
        return self.registry().get(name)


def locate_project(environ: Mapping[str, str]) -> Project:
    """The project that the environment names: XTR_PROJECT (default: this checkout), XTR_HOME, XTR_PROFILE."""
    checkout = Path(__file__).resolve().parents[2]
    here = checkout if (checkout / "data" / "repos.toml").is_file() else Path.cwd()
    root = Path(environ.get("XTR_PROJECT", here)).resolve()
    profile = environ.get("XTR_PROFILE", "full")
    home = Path(environ.get("XTR_HOME", root / profile_named(profile).home)).resolve()
    return Project(root=str(root), home=str(home), profile=profile)
