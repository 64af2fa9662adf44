"""Values and files for the tests of the command line."""

from pathlib import Path

from hypothesis import strategies as st

from bldr.packages import Package
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from tests.builders.hart import Hart
from tests.builders.http_double import HttpDouble, Scripted
from tests.builders.keys import a_signing_pair

PACKAGE_NUMBERS = st.integers(0, 7)


def a_package(number: int) -> Package:
    """Return a package; the same number gives the same package."""
    return Package(PackageIdent("acme", f"p{number}", "1", "20240101000000"), Target.X86_64_LINUX)


@st.composite
def acyclic_graphs(draw: st.DrawFn) -> dict[int, set[int]]:
    """Graphs without cycles in random order; some dependencies are not keys of the graph."""
    size = draw(st.integers(0, 12))
    graph = {number: draw(st.sets(st.integers(-3, number - 1))) for number in range(size)}
    return {number: graph[number] for number in draw(st.permutations(range(size)))}


def write_archives(folder: Path, *harts: Hart) -> Path:
    """Write archives to a folder under the names that a build gives them, and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for hart in harts:
        (folder / hart.archive_name).write_bytes(hart.content)
    return folder


def write_new_key(folder: Path, origin: str) -> str:
    """Write a new public key of an origin to a folder, and return the name of the key with its revision."""
    folder.mkdir(parents=True, exist_ok=True)
    public, _ = a_signing_pair(origin)
    (folder / public.file_name).write_text(public.text)
    return str(public.named_revision)


def respond_in_turn(double: HttpDouble, *responses: Scripted) -> None:
    """Make a server send these responses one after the other, whatever the requests are."""
    remaining = list(responses)
    double.choose = lambda _: remaining.pop(0)
