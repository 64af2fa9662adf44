"""The program in place of `hab`: `studio build -D FOLDER` makes a tiny signed archive of the plan in the folder."""

import json
import os
import sys
import time
from pathlib import Path

from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from tests.builders.stub_strategy import stub_archive

TARGET = Target.X86_64_LINUX

SCRIPT = """\
#!{python}
import sys
sys.path.insert(0, {repository!r})
from pathlib import Path
from tests.kills.fake_hab import main
main(Path(__file__).with_name("build-deps.json"))
"""


def write_fake_hab(folder: Path, repository: Path) -> None:
    """Write the program `hab` into a folder that also has `build-deps.json`."""
    path = folder / "hab"
    path.write_text(SCRIPT.format(python=sys.executable, repository=str(repository)))
    path.chmod(0o755)


def main(build_deps: Path) -> None:
    """Build the package that has the name of the plan's folder."""
    name, origin = Path(sys.argv[-1]).name, os.environ["HAB_ORIGIN"]
    ident = PackageIdent(origin, name, "1.0.0", time.strftime("%Y%m%d%H%M%S", time.gmtime()))
    key = next(Path(os.environ["HAB_CACHE_KEY_PATH"]).glob("*.sig.key"))
    results = Path("results")
    results.mkdir(exist_ok=True)
    deps = json.loads(build_deps.read_text())[name]
    archive = results / ident.archive_name(TARGET)
    archive.write_bytes(stub_archive(ident, TARGET, key, build_deps=deps))
    variables = f"pkg_ident={ident}\npkg_artifact={archive.name}\n"
    (results / "last_build.env").write_text(variables)
    print(f"a stub of hab has built {ident}", flush=True)
