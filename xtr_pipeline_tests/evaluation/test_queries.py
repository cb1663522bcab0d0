"""Query specs."""

import hashlib
import json
from pathlib import Path

import pytest

from xtr_pipeline.evaluation.queries import EvalQuery, SpecError, check_relevant, load_spec

GOOD = {"id": "a-1", "repo": "a", "kind": "conceptual", "query": "old snapshots", "relevant": ["src/prune.py"]}
SHIPPED = Path(__file__).parents[2] / "eval"


def spec_file(folder: Path, content: object) -> Path:
    path = folder / "spec.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def problems_of(folder: Path, content: object) -> str:
    with pytest.raises(SpecError) as caught:
        load_spec(spec_file(folder, content))
    return str(caught.value)


def test_a_query_is_read_and_unknown_keys_are_ignored(tmp_path: Path):
    queries = load_spec(spec_file(tmp_path, [{**GOOD, "why": "prune_within", "extra": 1}]))
    assert queries == (EvalQuery("a-1", "a", "conceptual", "old snapshots", ("src/prune.py",)),)


def test_a_byte_order_mark_does_not_matter(tmp_path: Path):
    (tmp_path / "spec.json").write_bytes(b"\xef\xbb\xbf" + json.dumps([GOOD]).encode())
    assert len(load_spec(tmp_path / "spec.json")) == 1


@pytest.mark.parametrize(("name", "queries"), [("semantic_queries.json", 360), ("code_queries.json", 120)])
def test_the_shipped_specs_are_whole(name: str, queries: int):
    assert len(load_spec(SHIPPED / name)) == queries


def test_all_problems_of_all_entries_are_in_one_message(tmp_path: Path):
    message = problems_of(
        tmp_path,
        [
            {"id": "a-1", "repo": "a", "kind": "keyword", "relevant": ["x.py"]},
            {**GOOD, "id": "a-2", "query": "  ", "relevant": []},
            "no object",
            {**GOOD, "id": 7},
            {**GOOD, "id": "a-3"},
            {**GOOD, "id": "a-3"},
            GOOD | {"id": "a-4", "relevant": ["/etc/passwd", "../b.py", "a\\b.py", "./c.py", "d.py", "d.py"]},
            GOOD | {"id": "a-5", "repo": "../../b"},
        ],
    )
    for part in (
        "entry 1 (a-1): has no 'query'",
        "entry 2 (a-2): 'query' is '  '",
        "entry 2 (a-2): 'relevant' is []",
        "entry 3: is str",
        "entry 4: 'id' is 7",
        "id 'a-3' occurs 2 times",
        "'/etc/passwd' must be relative",
        "'../b.py' must be relative",
        "must use forward slashes",
        "must be written 'c.py'",
        "names a file twice",
        "entry 8 (a-5): repo '../../b' must be relative",
    ):
        assert part in message


@pytest.mark.parametrize(
    ("content", "cure"), [("[{", "not JSON"), ({"queries": []}, "must be a JSON list"), ([], "at least one")]
)
def test_a_file_that_is_no_list_of_queries_is_an_error(tmp_path: Path, content: object, cure: str):
    assert cure in problems_of(tmp_path, content)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(SpecError, match=r"nowhere\.json.*\n.*no such file"):
        load_spec(tmp_path / "nowhere.json")


def test_relevant_files_in_the_corpus_are_accepted():
    assert check_relevant([EvalQuery("1", "a", "keyword", "q", ("x.py",))], {"a": {"x.py", "y.py"}}) is None


def test_every_missing_repo_and_relevant_file_is_named_with_the_nearest_one():
    queries = [
        EvalQuery("1", "a", "keyword", "q", ("src/prune.py", "x.py")),
        EvalQuery("2", "b", "keyword", "q", ("x.py",)),
        EvalQuery("3", "a", "keyword", "q", ("zzz.rs",)),
    ]
    with pytest.raises(SpecError) as caught:
        check_relevant(queries, {"a": {"x.py", "lib/prune.py"}})
    message = str(caught.value)
    assert "3 problems" in message
    assert "repo 'b' is not in the corpus; there are: a" in message
    assert "query '1': 'src/prune.py' is not among the 2 files of 'a' (did you mean 'lib/prune.py'?)" in message
    assert "query '3': 'zzz.rs'" in message


def test_the_shipped_specs_are_those_whose_hashes_the_readme_states():
    stated = (SHIPPED / "README.md").read_text()
    for name in ("semantic_queries.json", "code_queries.json", "repos.json"):
        assert f"| `{name}` | `{hashlib.sha256((SHIPPED / name).read_bytes()).hexdigest()}` |" in stated
