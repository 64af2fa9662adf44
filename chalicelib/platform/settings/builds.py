"""Settings of builds and of the build graph."""

from chalicelib.core.target import Target
from chalicelib.platform import setting_values as values
from chalicelib.platform.settings.declaration import setting
from chalicelib.platform.settings.packages import PackageSettings


class BuildSettings(PackageSettings, frozen=True, eq=False):
    """Fields of `Config`. The base class has those of another concern."""

    rdeps_source: str = setting(
        "BLDR_RDEPS_SOURCE",
        values.one_of("rows", "graph"),
        "rows",
        "Source of `/rdeps`: `rows`: the releases that exist; `graph`: the build graph, which keeps deleted releases",
    )
    build_targets: tuple[Target, ...] = setting(
        "BLDR_BUILD_TARGETS",
        values.targets,
        (Target.X86_64_LINUX, Target.X86_64_LINUX_KERNEL2, Target.X86_64_WINDOWS),
        "Targets for which packages can be built",
    )
    build_on_upload: bool = setting(
        "BLDR_BUILD_ON_UPLOAD",
        values.true_or_false,
        True,
        "Build the dependents of an uploaded package, if the package has a project with automatic builds",
    )
    suppress_autobuild_origins: tuple[str, ...] = setting(
        "BLDR_SUPPRESS_AUTOBUILD_ORIGINS", values.plain_names, (), "Origins whose packages a push does not build"
    )
    cycle_check: bool = setting(
        "BLDR_CYCLE_CHECK",
        values.true_or_false,
        True,
        "Refuse (424) an upload whose dependencies would close a cycle in the build graph",
    )
    git_sources: tuple[str, ...] = setting(
        "BLDR_GIT_SOURCES",
        values.git_sources,
        (),
        "Beginnings of clone URLs that projects may name without GitHub, such as `https://git.example.com/`",
    )
    jobs_per_target: int = setting(
        "BLDR_JOBS_PER_TARGET",
        values.slots,
        200,
        "Jobs of one target that run at once, 1 to 1000, besides those of workers of an origin",
    )
    jobs_per_origin: int = setting(
        "BLDR_JOBS_PER_ORIGIN", values.slots, 50, "Jobs of one origin and target that run at once, 1 to 1000"
    )
    job_seconds: int = setting("BLDR_JOB_SECONDS", values.natural_number, 3600, "Time limit of a build, in seconds")
    queue_seconds: int = setting(
        "BLDR_QUEUE_SECONDS", values.natural_number, 86_400, "How long a job waits for a worker before it fails"
    )
    lease_seconds: int = setting(
        "BLDR_LEASE_SECONDS",
        values.natural_number,
        60,
        "A worker that is silent for so many seconds loses its job to another one",
    )
    wait_seconds: int = setting(
        "BLDR_WAIT_SECONDS",
        values.natural_number,
        20,
        "How long requests may wait for a job or for a line of a log, at most 20 s; 0: they are answered at once",
    )
    log_days: int = setting(
        "BLDR_LOG_DAYS", values.natural_number, 180, "Days after which the log of a job is deleted; 0: never"
    )
    group_days: int = setting(
        "BLDR_GROUP_DAYS",
        values.natural_number,
        90,
        "Days after which the entries of an ended job group move from the table to the bucket",
    )
    build_function: str = setting(
        "BLDR_BUILD_FUNCTION",
        str,
        "",
        "Lambda function that builds the dependents of uploads (set by the template); if empty, a thread does",
    )
    group_machine: str = setting(
        "BLDR_GROUP_MACHINE", str, "", "State machine of job groups (set by the template and by the local stack)"
    )
    job_machine: str = setting(
        "BLDR_JOB_MACHINE", str, "", "State machine of jobs (set by the template and by the local stack)"
    )
    long_change_machine: str = setting(
        "BLDR_LONG_CHANGE_MACHINE",
        str,
        "",
        "State machine of long changes (set by the template and by the local stack)",
    )
    codebuild_project: str = setting(
        "BLDR_CODEBUILD_PROJECT",
        str,
        "",
        "CodeBuild project whose builds are workers for `x86_64-linux`; if empty, only own workers build",
    )
