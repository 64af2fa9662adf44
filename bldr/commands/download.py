"""`bldr download`: download archives and the keys that signed them, to a folder like that of `hab pkg download`."""

from pathlib import Path

import click

from bldr.client import Builder
from bldr.commands.options import TargetType, builder_options, jobs_option
from bldr.downloads import download_archive
from bldr.errors import PackageMissing, StepsFailed
from bldr.files import make_folder
from bldr.host import host_target
from bldr.output import console, counted
from bldr.packages import STABLE, Package, PackageDetails
from bldr.parallel import run_all
from bldr.progress import ProgressReporter, progress_on, report_errors
from bldr.public_keys import download_signing_keys
from bldr.requested_ident import RequestedIdent
from bldr.resolution import resolve, with_dependencies
from chalicelib.core.target import Target


@click.command()
@click.argument("idents", nargs=-1, required=True, metavar="IDENT...")
@click.option(
    "--to",
    required=True,
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to download to.",
)
@click.option("--channel", default=STABLE, show_default=True, help="Channel in which partial idents are resolved.")
@click.option("--target", type=TargetType(), help="Target of the packages. Default: the target of this machine.")
@click.option("--deps", is_flag=True, help="Include all dependencies.")
@jobs_option
@builder_options
def download(
    builder: Builder, idents: tuple[str, ...], to: Path, channel: str, target: Target | None, deps: bool, jobs: int
) -> None:
    """Download packages to DIR/artifacts, and the keys that signed them to DIR/keys.

    IDENT is origin/name[/version[/release]]. A partial ident means the latest release in the channel. Existing
    archives are skipped, and interrupted downloads are resumed. An archive gets its name once its checksum is verified.
    """
    requested = [(RequestedIdent.parse(text), target or host_target()) for text in idents]
    with progress_on(console()) as progress:
        packages = _resolve(builder, requested, channel, deps, jobs)
        archives, failures = _download_archives(builder, packages, make_folder(to / "artifacts"), progress, jobs)
        failures += _download_keys(builder, archives, make_folder(to / "keys"), progress)
        progress.report(f"{counted(len(archives), 'package')} in {to}, {failures} failed")
        if failures:
            raise StepsFailed(f"{counted(failures, 'download')} failed; run the same command again to continue")


def _resolve(
    builder: Builder, requested: list[tuple[RequestedIdent, Target]], channel: str, deps: bool, jobs: int
) -> dict[Package, PackageDetails]:
    roots = resolve(builder, requested, channel, jobs)
    if not deps:
        return {details.package: details for details in roots}
    packages, missing = with_dependencies(builder, roots, jobs)
    if missing:
        names = ", ".join(map(str, missing))
        raise PackageMissing(f"{builder} lacks these dependencies: {names}; omit --deps to download without them")
    return packages


def _download_archives(
    builder: Builder, packages: dict[Package, PackageDetails], folder: Path, progress: ProgressReporter, jobs: int
) -> tuple[list[Path], int]:
    """Download archives; return the paths of those that exist now, and how many failed."""

    def download_one(package: Package) -> None:
        is_new = download_archive(builder, packages[package], folder / package.archive_name, progress)
        progress.report(f"downloaded {package}" if is_new else f"skipped {package}: already downloaded")

    errors = run_all(packages, download_one, jobs)
    failures = report_errors(progress, errors)
    return [folder / package.archive_name for package in packages if package not in errors], failures


def _download_keys(builder: Builder, archives: list[Path], folder: Path, progress: ProgressReporter) -> int:
    """Download the keys that signed archives; return how many the Builder lacks."""
    missing = download_signing_keys(builder, archives, folder)
    for name in missing:
        progress.report(f"failed: {builder} lacks signing key {name}")
    return len(missing)
