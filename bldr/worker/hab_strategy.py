"""The strategy `hab`: build in a studio of `hab`, and export with its exporter (builds.md 9.2, steps 5 and 6)."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from bldr.worker.build_results import built_ident, ident_if_known, move_results, read_variables
from bldr.worker.errors import BuildFailed, ExportFailed, WorkerUnusable
from bldr.worker.integrations import Export
from bldr.worker.processes import Program
from bldr.worker.strategy import BuildRequest, Built, Execution, environment_names
from chalicelib.core.target import Target

CONTAINER = "builder"
"""Name of the container in which a Docker studio runs."""

PATHS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PASSED_THROUGH = ("RUST_LOG", "DEBUG", "RUST_BACKTRACE")
PASSED_ON_WINDOWS = ("PATH", "SYSTEMDRIVE", "USERNAME", "COMPUTERNAME", "TEMP", "SYSTEMROOT")
IN_STUDIO = "HAB_STUDIO_SECRET_"
"""Prefix of variables that a studio passes on, without the prefix."""

REMOVE_SECONDS = 30


class HabStrategy:
    """Builds with `hab studio build` in a Docker studio. On Windows the studio runs without Docker."""

    def __init__(self, hab: str = "hab") -> None:
        path = shutil.which(hab)
        if path is None:
            raise WorkerUnusable(
                f"'{hab}' is not installed; the strategy hab needs it. Pass --hab, or --strategy plain"
            )
        self._hab = path

    def describe(self) -> str:
        """Return one line about the strategy."""
        return f"strategy hab: builds run in studios of {self._hab}, which isolates them"

    def build(self, request: BuildRequest, execution: Execution) -> Built:
        """Build in a studio. Raises BuildFailed, Stopped."""
        job, workspace = request.job, request.workspace
        windows = ["-R", "-k", job.origin] if job.target is Target.X86_64_WINDOWS else ["-D"]
        command = [self._hab, "studio", "build", *windows, request.plan_folder]
        _remove_container()  # of a build whose worker was killed
        code = execution.run(
            Program(command, workspace.src, studio_environment(request, os.environ), after_kill=_remove_container)
        )
        move_results(workspace.src / "results", workspace.out)
        if code != 0:
            known = ident_if_known(workspace.out, job.origin, job.name)
            raise BuildFailed(f"hab studio build ended with code {code}", ident=known)
        variables = read_variables(workspace.out, "last_build")
        ident = built_ident(variables, job.origin, job.name)
        archive = workspace.out / Path(variables.get("pkg_artifact", "").replace("\\", "/")).name
        if archive == workspace.out or archive.is_symlink() or not archive.is_file():
            raise BuildFailed("the build has not left an archive", ident=str(ident))
        return Built(ident, archive)

    def export(self, request: BuildRequest, built: Built, export: Export, execution: Execution) -> None:
        """Export a container image and push it. Raises ExportFailed, Stopped."""
        command = [self._hab, "pkg", "export", "container", *export_arguments(request, built, export)]
        environment = studio_environment(request, os.environ)
        if execution.run(Program(command, request.workspace.root, environment)) != 0:
            raise ExportFailed(f"the image {export.tags.docker_hub_repo_name} was not exported")


def studio_environment(request: BuildRequest, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a studio: the table in builds.md 9.2."""
    job = request.job
    is_windows = job.target is Target.X86_64_WINDOWS
    passed = (*PASSED_THROUGH, *(PASSED_ON_WINDOWS if is_windows else ()))
    channel = job.channel or "stable"
    environment = {
        "PATH": PATHS,
        **{name: inherited[name] for name in passed if name in inherited},
        **{IN_STUDIO + name: value for name, value in environment_names(request.secrets).items()},
        "NO_ARTIFACT_PATH": "true",
        "HAB_NONINTERACTIVE": "true",
        "HAB_FEAT_IGNORE_LOCAL": "true",
        f"{IN_STUDIO}HAB_FEAT_IGNORE_LOCAL": "true",
        "HAB_CACHE_KEY_PATH": str(request.workspace.keys),
        "TERM": "xterm-256color",
        "HAB_LICENSE": "accept-no-persist",
        f"{IN_STUDIO}HAB_LICENSE": "accept-no-persist",
        "HAB_DOCKER_OPTS": f"--name {CONTAINER}",
        "HAB_ORIGIN": job.origin,
        "HAB_BLDR_CHANNEL": channel,
        "HAB_BLDR_URL": request.url,
        "HAB_AUTH_TOKEN": request.read_token,
    }
    return environment | (_channels_of_core(channel) if job.origin == "core" else {})


def _channels_of_core(channel: str) -> dict[str, str]:
    """Variables that let a rebuild of `core` see the results of its own group (builds.md 9.2, last paragraph)."""
    channels = {"HAB_REFRESH_CHANNEL": channel, "HAB_FALLBACK_CHANNEL": "base"}
    return channels | {IN_STUDIO + name: value for name, value in channels.items()}


def export_arguments(request: BuildRequest, built: Built, export: Export) -> list[str]:
    """Return the arguments of the container exporter (builds.md 9.2, step 6)."""
    tags, registry = export.tags, export.registry
    arguments = ["--image-name", tags.docker_hub_repo_name, "--base-pkgs-url", request.url, "--url", request.url]
    arguments += ["--auth", request.read_token]
    arguments += ["--tag-latest"] if tags.latest_tag else []
    arguments += ["--tag-version"] if tags.version_tag else []
    arguments += ["--tag-version-release"] if tags.version_release_tag else []
    arguments += ["--tag-custom", tags.custom_tag] if tags.custom_tag else []
    arguments += ["--push-image", "--username", registry.username, "--password", registry.password, "--rm-image"]
    arguments += ["--registry-url", registry.registry_url] if registry.registry_url else []
    return [*arguments, "--registry-type", export.type, str(built.archive)]


def _remove_container() -> None:
    """Remove the container of the studio, which does not belong to the process group of `hab`."""
    docker = shutil.which("docker")
    if docker is None:
        return
    try:
        subprocess.run(  # noqa: S603 - fixed arguments
            [docker, "rm", "--force", CONTAINER], capture_output=True, timeout=REMOVE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return  # the next build fails with a clear message of Docker if the container still exists
