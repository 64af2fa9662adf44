"""The file `.bldr.toml` of a repository: which pushes build which plans (builds.md 9.6)."""

import re
import tomllib
from collections.abc import Iterable, Set
from fnmatch import translate
from functools import cached_property
from glob import escape

from msgspec import Struct, ValidationError, convert

from chalicelib.core.target import Target

FILE = ".bldr.toml"
BRANCHES = frozenset({"main", "master"})
"""Only pushes to these branches build something."""

MOST_ENTRIES = 2_000
MOST_PATTERNS = 200
PATTERN_CHARACTERS = 1_000

UNIX_PLAN, WINDOWS_PLAN = "plan.sh", "plan.ps1"


class BldrTomlMalformed(ValueError):
    """The file is not TOML, a field has a wrong type, or a target is unknown. The text says what is wrong."""


class PlanEntry(Struct, frozen=True, dict=True):
    """An entry of the file: a plan, further files whose change builds it, and the targets that it is built for."""

    plan_path: str = "habitat"
    paths: tuple[str, ...] = ()
    build_targets: tuple[Target, ...] = (Target.X86_64_LINUX, Target.X86_64_WINDOWS)

    @property
    def folders(self) -> tuple[str, str]:
        """The folders in which the plan may be; "" is the root of the repository."""
        parts = [part for part in self.plan_path.split("/") if part not in ("", ".")]
        if parts and parts[-1] in (UNIX_PLAN, WINDOWS_PLAN):
            parts.pop()
        if parts and parts[-1] == "habitat":
            parts.pop()
        return "/".join(parts), "/".join([*parts, "habitat"])

    def is_triggered_by(self, files: Iterable[str]) -> bool:
        """Return whether the change of some files builds the plan."""
        return any(pattern.match(file) for file in files for pattern in self._patterns)

    def plans_among(self, names: Set[str]) -> list[tuple[str, Target]]:
        """Return the plan files among the names in a folder, each with a target that it is built for."""
        plans = {target: WINDOWS_PLAN if "windows" in target else UNIX_PLAN for target in self.build_targets}
        return [(name, target) for target, name in plans.items() if name in names]

    @cached_property
    def _patterns(self) -> list[re.Pattern[str]]:
        """The patterns. `*` and `?` also match a slash, and `**/` also matches nothing."""
        folders = [f"{escape(folder)}/*" if folder else "*" for folder in self.folders]
        globs = [*folders, *self.paths]
        globs += [glob.replace("**/", "") for glob in globs if "**/" in glob]
        return [re.compile(translate(glob), re.IGNORECASE) for glob in globs]


WITHOUT_FILE = (PlanEntry(paths=("*",)),)
"""The entries of a repository that has no such file."""


def read_entries(content: bytes) -> tuple[PlanEntry, ...]:
    """Return the entries of a file, in its order. Raises BldrTomlMalformed."""
    try:
        tables = tomllib.loads(content.decode())
        entries = tuple(convert(tables, dict[str, PlanEntry]).values())
    except (ValueError, RecursionError) as problem:  # the errors of TOML, of UTF-8 and of types are ValueErrors
        raise BldrTomlMalformed(_reason(problem)) from problem
    if len(entries) > MOST_ENTRIES:
        raise BldrTomlMalformed(f"the file has more than {MOST_ENTRIES} entries")
    for entry in entries:
        if len(entry.paths) > MOST_PATTERNS:
            raise BldrTomlMalformed(f"an entry has more than {MOST_PATTERNS} paths")
        if any(len(text) > PATTERN_CHARACTERS for text in (entry.plan_path, *entry.paths)):
            raise BldrTomlMalformed(f"a path has more than {PATTERN_CHARACTERS} characters")
    return entries


def _reason(problem: Exception) -> str:
    if isinstance(problem, ValidationError):
        return "a field has a wrong type, or a target is unknown"
    return "the file is not TOML"
