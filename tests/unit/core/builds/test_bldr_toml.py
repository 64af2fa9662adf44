"""Which pushes build which plans (builds.md 9.6)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.builds import bldr_toml
from chalicelib.core.builds.bldr_toml import WITHOUT_FILE, BldrTomlMalformed, PlanEntry, read_entries
from chalicelib.core.target import Target

LINUX, KERNEL2, WINDOWS = Target.X86_64_LINUX, Target.X86_64_LINUX_KERNEL2, Target.X86_64_WINDOWS
SEGMENTS = st.text("abcXYZ.-_", min_size=1, max_size=5).filter(lambda text: text not in (".", "..", "habitat"))
PATHS = st.lists(SEGMENTS, min_size=1, max_size=4).map("/".join)


def test_the_fields_of_an_entry_have_defaults() -> None:
    assert read_entries(b"[any-key]\n[other]\npaths = ['x']\nunknown = 1") == (
        PlanEntry("habitat", (), (LINUX, WINDOWS)),
        PlanEntry("habitat", ("x",), (LINUX, WINDOWS)),
    )
    assert read_entries(b"") == ()


def test_without_a_file_everything_builds_the_plan_in_habitat() -> None:
    [entry] = WITHOUT_FILE

    assert (entry.plan_path, entry.paths, entry.build_targets) == ("habitat", ("*",), (LINUX, WINDOWS))
    assert entry.is_triggered_by(["any/file"])


@pytest.mark.parametrize(
    "text",
    [b"[", b"a = 1", b"[[a]]", b"[a]\nplan_path = 1", b"[a]\npaths = 'x'", b"[a]\npaths = [1]", b"\xff", b"[" * 9_999,
     b"[a]\nbuild_targets = ['amiga']", b"[a]\nbuild_targets = 'x86_64-linux'", b"[a]\n[a]"],
)  # fmt: skip
def test_other_files_are_malformed(text: bytes) -> None:
    with pytest.raises(BldrTomlMalformed):
        read_entries(text)


def test_the_size_of_a_file_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in ("MOST_ENTRIES", "MOST_PATTERNS", "PATTERN_CHARACTERS"):
        monkeypatch.setattr(bldr_toml, limit, 2)
    assert len(read_entries(b"[a]\nplan_path='p'\npaths=['x','yz']\n[b]\nplan_path='p'")) == 2

    for text in (b"[a]\nplan_path='p'\n[b]\nplan_path='p'\n[c]\nplan_path='p'", b"[a]\nplan_path='abc'",
                 b"[a]\nplan_path='p'\npaths=['x','y','z']", b"[a]\nplan_path='p'\npaths=['xyz']"):  # fmt: skip
        with pytest.raises(BldrTomlMalformed):
            read_entries(text)


@pytest.mark.parametrize(
    ("plan_path", "folders"),
    [
        ("habitat", ("", "habitat")),
        ("plan.sh", ("", "habitat")),
        ("habitat/plan.ps1", ("", "habitat")),
        ("", ("", "habitat")),
        ("nginx", ("nginx", "nginx/habitat")),
        ("./nginx/", ("nginx", "nginx/habitat")),
        ("a/b/habitat/plan.sh", ("a/b", "a/b/habitat")),
        ("a/plan.txt", ("a/plan.txt", "a/plan.txt/habitat")),
        ("a/habitat/habitat", ("a/habitat", "a/habitat/habitat")),
    ],
)
def test_a_plan_may_be_in_two_folders(plan_path: str, folders: tuple[str, str]) -> None:
    assert PlanEntry(plan_path).folders == folders


@pytest.mark.parametrize(
    ("entry", "file", "triggers"),
    [
        ({"plan_path": "nginx"}, "nginx/plan.sh", True),
        ({"plan_path": "nginx"}, "nginx/habitat/hooks/run", True),
        ({"plan_path": "nginx"}, "NGINX/.hidden", True),
        ({"plan_path": "nginx"}, "nginx", False),
        ({"plan_path": "nginx"}, "nginx2/x", False),
        ({"plan_path": "nginx"}, "a/nginx/x", False),
        ({"plan_path": "a[1]"}, "a[1]/x", True),
        ({"plan_path": "a*"}, "ab/x", False),
        ({"plan_path": "habitat"}, "any", True),
        ({"plan_path": "p", "paths": ("Cargo.*",)}, "cargo.toml", True),
        ({"plan_path": "p", "paths": ("Cargo.*",)}, "a/Cargo.toml", False),
        ({"plan_path": "p", "paths": ("src/*",)}, "src/a/b", True),
        ({"plan_path": "p", "paths": ("src?a",)}, "src/a", True),
        ({"plan_path": "p", "paths": ("*.rs",)}, ".a/b.rs", True),
        ({"plan_path": "p", "paths": ("src/**/*.rs",)}, "src/main.rs", True),
        ({"plan_path": "p", "paths": ("src/**/*.rs",)}, "src/a/b/main.rs", True),
        ({"plan_path": "p", "paths": ("[ab].c",)}, "b.c", True),
        ({"plan_path": "p", "paths": ("[!ab].c",)}, "b.c", False),
        ({"plan_path": "p", "paths": ("[",)}, "[", True),
        ({"plan_path": "p", "paths": ("x",)}, "x\n", False),
    ],
)
def test_a_file_triggers_an_entry(entry: dict[str, Any], file: str, triggers: bool) -> None:
    assert PlanEntry(**entry).is_triggered_by([file]) == triggers
    assert (
        PlanEntry(**entry).is_triggered_by(["unrelated", file, "other"]) == triggers or entry["plan_path"] == "habitat"
    )


@given(PATHS, PATHS)
def test_every_file_below_the_folder_of_a_plan_triggers_it(folder: str, below: str) -> None:
    entry = PlanEntry(folder)

    for file in (f"{folder}/{below}", f"{folder}/habitat/{below}", f"{folder}/{below}".swapcase()):
        assert entry.is_triggered_by([file])


@given(PATHS, st.lists(PATHS, max_size=4), st.lists(PATHS, max_size=4))
def test_a_further_file_never_prevents_a_build(folder: str, files: list[str], more: list[str]) -> None:
    entry = PlanEntry(folder, tuple(more))

    assert entry.is_triggered_by(files + more) == (entry.is_triggered_by(files) or entry.is_triggered_by(more))


def test_the_name_of_the_plan_selects_the_targets() -> None:
    entry = PlanEntry("p", (), (WINDOWS, LINUX, KERNEL2, LINUX, Target.AARCH64_LINUX, Target.AARCH64_WINDOWS))

    assert entry.plans_among({"plan.sh", "x"}) == [
        ("plan.sh", LINUX),
        ("plan.sh", KERNEL2),
        ("plan.sh", Target.AARCH64_LINUX),
    ]
    assert entry.plans_among({"plan.ps1"}) == [("plan.ps1", WINDOWS), ("plan.ps1", Target.AARCH64_WINDOWS)]
    assert [name for name, _ in PlanEntry().plans_among({"plan.ps1", "plan.sh"})] == ["plan.sh", "plan.ps1"]
    assert entry.plans_among(set()) == []
