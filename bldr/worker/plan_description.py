"""What the runner says about a plan before its build: tab-separated lines, which count as hostile input. Pure."""

from msgspec import Struct

MOST_DEPENDENCIES = 500


class PlanDescription(Struct, frozen=True):
    """The name of a plan's package and the texts of its dependencies."""

    name: str = ""
    deps: tuple[str, ...] = ()
    build_deps: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "PlanDescription":
        """Parse lines `<field><tab><value>`; the first name counts."""
        values: dict[str, list[str]] = {"name": [], "dep": [], "build_dep": []}
        for line in text.splitlines():
            field, _, value = line.partition("\t")
            if field in values and value.strip() and len(values[field]) < MOST_DEPENDENCIES:
                values[field].append(value.strip())
        return cls(next(iter(values["name"]), ""), tuple(values["dep"]), tuple(values["build_dep"]))
