"""Settings of the service: one typed table of environment variables, read once at start.

The contract names settings `api.some_name`; the variable is then `BLDR_SOME_NAME`. Variables that existing
installations use keep their names. A value that cannot be parsed stops the start with an error that names the variable.
"""

import os
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from msgspec import Struct

from chalicelib.core.target import Target
from chalicelib.platform import setting_values as values

T = TypeVar("T")
_TABLE_NAME = "[A-Za-z0-9_.-]{3,255}"
_BUCKET_NAME = "[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
_SECRET_NAME = "[A-Za-z0-9/_+=.@:-]{1,512}"


class ConfigInvalid(ValueError):
    """An environment variable holds a value that cannot be used."""

    def __init__(self, variable: str, value: str | None, why: str) -> None:
        """`value` is None for a secret, which the message must not show."""
        shown = variable if value is None else f"{variable}={value!r}"
        super().__init__(f"{shown} cannot be used: {why}")


class Setting(Struct, frozen=True):
    """One environment variable: how its text is parsed, and its line in docs/CONFIGURATION.md.

    A deployment does not set a `local` variable, and gets the default.
    """

    variable: str
    parse: Callable[[str], Any]
    default: Any
    meaning: str
    local: bool


SETTINGS: list[Setting] = []


def setting(variable: str, parse: Callable[[str], T], default: T, meaning: str, *, local: bool = False) -> T:
    """Declare the setting of the next field of Config. Return its default."""
    SETTINGS.append(Setting(variable, parse, default, meaning, local))
    return default


_OAUTH_PROVIDERS = ("github", "gitlab", "bitbucket", "okta", "azure-ad", "chef-automate", "active-directory")
_DEFAULT_TARGETS = (
    Target.X86_64_LINUX,
    Target.X86_64_LINUX_KERNEL2,
    Target.X86_64_WINDOWS,
    Target.AARCH64_DARWIN,
    Target.AARCH64_LINUX,
)


class Config(Struct, frozen=True, eq=False):
    """The settings in force. `python -m chalicelib.platform.config` prints the table of docs/CONFIGURATION.md."""

    stage: str = setting(
        "BLDR_STAGE", str, "local", "Name of the deployment; if it begins with `prod`, functional-test mode is refused"
    )
    table: str = setting(
        "BLDR_TABLE", values.matching(_TABLE_NAME, "bldr"), "bldr", "DynamoDB table (set by the template)"
    )
    bucket: str = setting(
        "BLDR_BUCKET",
        values.matching(_BUCKET_NAME, "bldr-artifacts"),
        "bldr-artifacts",
        "S3 bucket of the artifacts (set by the template)",
    )
    aws_seconds: int = setting(
        "BLDR_AWS_SECONDS",
        values.natural_number,
        0,
        "Time limit of one call to AWS, in seconds; 0: 4 s, for S3 20 s, which fit the 29 s of API Gateway",
        local=True,
    )
    builder_key_secret: str = setting(
        "BLDR_BUILDER_KEY_SECRET",
        values.matching(_SECRET_NAME, "bldr-builder-key"),
        "bldr-builder-key",
        "Secrets Manager secret with the builder key",
    )
    builder_key: str = setting(
        "BLDR_SECRET_KEY", str, "", "Text of the builder key; takes precedence over the other two sources", local=True
    )
    builder_key_path: str = setting(
        "BLDR_HAB_KEY_DIR", str, "", "Folder of `bldr-<revision>.box.key` files", local=True
    )
    functional_test: bool = setting(
        "HAB_FUNC_TEST", values.is_set, False, "If set to any value, the five test users can sign in", local=True
    )
    functional_test_workers: bool = setting(
        "BLDR_FUNC_TEST_WORKERS",
        values.true_or_false,
        False,
        "Whether workers may claim jobs in functional-test mode; only for tests of the build service itself",
        local=True,
    )
    targets: tuple[Target, ...] = setting(
        "BLDR_TARGETS", values.targets, _DEFAULT_TARGETS, "Targets that the depot accepts"
    )
    native_packages: str = setting(
        "BLDR_NATIVE_PACKAGES", str, "all", "Origins that may upload native packages: `all`, `off`, or a list of names"
    )
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
    codebuild_project: str = setting(
        "BLDR_CODEBUILD_PROJECT",
        str,
        "",
        "CodeBuild project whose builds are workers for `x86_64-linux`; if empty, only own workers build",
    )
    private_max_age: int = setting(
        "BLDR_PRIVATE_MAX_AGE", values.natural_number, 300, "Cache lifetime of private downloads, in seconds"
    )
    download_mode: str = setting(
        "BLDR_DOWNLOAD_MODE",
        values.one_of("auto", "redirect", "front"),
        "auto",
        "`auto`: small archives inline, larger ones by signed URL; `redirect`: signed URL; `front`: the front streams",
        local=True,
    )
    cdn_url: str = setting("BLDR_CDN_URL", values.url, "", "Base URL of the distribution in front of the bucket")
    cdn_key_id: str = setting("BLDR_CDN_KEY_ID", str, "", "Id of the distribution's signing key")
    cdn_key_secret: str = setting(
        "BLDR_CDN_KEY_SECRET",
        values.matching(_SECRET_NAME, "bldr-cdn-signing-key"),
        "",
        "Secrets Manager secret with the private signing key",
    )
    upload_function: str = setting(
        "BLDR_UPLOAD_FUNCTION",
        str,
        "",
        "Lambda function that finishes large uploads (set by the template); if empty, a thread does",
    )
    origin_creators: tuple[str, ...] = setting(
        "BLDR_ALLOWED_USERS_FOR_ORIGIN_CREATE",
        values.plain_names,
        (),
        "Accounts that may create origins; if empty, every account may",
    )
    oauth_provider: str = setting(
        "BLDR_OAUTH_PROVIDER",
        values.one_of(*_OAUTH_PROVIDERS),
        "github",
        f"Identity provider: {', '.join(_OAUTH_PROVIDERS)}",
    )
    oauth_token_url: str = setting(
        "BLDR_OAUTH_TOKEN_URL",
        values.url,
        "https://github.com/login/oauth/access_token",
        "URL that exchanges an authorisation code for a token",
    )
    oauth_userinfo_url: str = setting(
        "BLDR_OAUTH_USERINFO_URL", values.url, "https://api.github.com/user", "URL that returns the user of a token"
    )
    oauth_redirect_url: str = setting(
        "BLDR_OAUTH_REDIRECT_URL", values.url, "", "URL to which the provider sends the browser after sign-in"
    )
    oauth_client_id: str = setting("BLDR_OAUTH_CLIENT_ID", str, "", "Client id of this service at the provider")
    oauth_client_secret: str = setting(
        "BLDR_OAUTH_CLIENT_SECRET",
        str,
        "",
        "Client secret of this service at the provider; takes precedence over the secret in Secrets Manager",
        local=True,
    )
    oauth_client_secret_arn: str = setting(
        "BLDR_OAUTH_CLIENT_SECRET_ARN", str, "", "Secrets Manager secret with the client secret"
    )
    session_seconds: int = setting(
        "BLDR_SESSION_SECONDS", values.natural_number, 259_200, "Lifetime of a web session, in seconds"
    )
    sign_ins_per_minute: int = setting(
        "BLDR_SIGN_INS_PER_MINUTE",
        values.natural_number,
        30,
        "Sign-in attempts per minute from one source address; 0: no limit",
    )
    saas_bldr_url: str = setting(
        "BLDR_SAAS_BLDR_URL",
        values.url,
        "https://bldr.habitat.sh",
        "URL of the public depot whose events `/depot/events/saas` returns",
    )
    unrestricted_channels: tuple[str, ...] = setting(
        "BLDR_UNRESTRICTED_CHANNELS", values.plain_names, (), "Channels whose packages never need a licence"
    )
    partially_unrestricted_channels: tuple[str, ...] = setting(
        "BLDR_PARTIALLY_UNRESTRICTED_CHANNELS",
        values.plain_names,
        (),
        "Channels whose packages need no licence unless they are also in a restricted channel",
    )
    restricted_if_present: tuple[str, ...] = setting(
        "BLDR_RESTRICTED_IF_PRESENT",
        values.plain_names,
        (),
        "Channels whose packages need a licence; if empty, no download needs one",
    )
    license_server_url: str = setting(
        "BLDR_LICENSE_SERVER_URL", values.url, "", "URL of the licence service; if empty, there is none"
    )
    private_registries: str = setting(
        "BLDR_PRIVATE_REGISTRIES",
        values.one_of("refused", "allowed"),
        "refused",
        "`allowed`: registry credentials may be checked at private addresses, at other ports than 443 and without TLS; "
        "otherwise `refused`",
    )
    github_api_url: str = setting("BLDR_GITHUB_API_URL", values.url, "https://api.github.com", "URL of the GitHub API")
    github_check_access: bool = setting(
        "BLDR_GITHUB_CHECK_ACCESS",
        values.true_or_false,
        True,
        "Read private repositories of the App only for accounts that may read them, if accounts are those of GitHub",
    )
    github_app_id: str = setting("BLDR_GITHUB_APP_ID", str, "", "Id of the GitHub App; if empty, there is none")
    github_app_private_key: str = setting(
        "BLDR_GITHUB_APP_PRIVATE_KEY",
        values.pem,
        "",
        r"Private key of the GitHub App, PEM; `\n` may replace a newline; takes precedence over Secrets Manager",
        local=True,
    )
    github_app_private_key_arn: str = setting(
        "BLDR_GITHUB_APP_PRIVATE_KEY_ARN", str, "", "Secrets Manager secret with the private key of the GitHub App"
    )
    github_webhook_secret: str = setting(
        "BLDR_GITHUB_WEBHOOK_SECRET",
        str,
        "",
        "Secret with which GitHub signs webhooks; takes precedence over Secrets Manager; without any, all webhooks are "
        "refused",
        local=True,
    )
    github_webhook_secret_arn: str = setting(
        "BLDR_GITHUB_WEBHOOK_SECRET_ARN",
        str,
        "",
        "Secrets Manager secret with the text with which GitHub signs webhooks",
    )
    provision_account: bool = setting(
        "BLDR_AUTO_PROVISION_ACCOUNT",
        values.true_or_false,
        False,
        "Create an account with origins and a token at start",
        local=True,
    )
    provision_username: str = setting(
        "BLDR_PROVISION_USERNAME", values.plain_name, "chef-platform", "Name of the provisioned account", local=True
    )
    provision_email: str = setting(
        "BLDR_PROVISION_EMAIL",
        values.line,
        "chef-platform@progress.com",
        "E-mail address of the provisioned account",
        local=True,
    )
    provision_origins: tuple[str, ...] = setting(
        "BLDR_PROVISION_ORIGINS",
        values.origin_names,
        ("core",),
        "Origins that the provisioned account owns",
        local=True,
    )
    provision_channels: tuple[str, ...] = setting(
        "BLDR_PROVISION_CHANNELS",
        values.plain_names,
        (),
        "Further channels, paired with the origins by position",
        local=True,
    )
    provision_token_path: str = setting(
        "BLDR_TOKEN_DIR",
        str,
        "",
        "Folder of the file `HAB_AUTH_TOKEN` with the token of that account; if empty, the temporary folder",
        local=True,
    )

    def __post_init__(self) -> None:
        if self.functional_test and self.stage.lower().startswith("prod"):
            raise ConfigInvalid("HAB_FUNC_TEST", "set", f"functional-test mode is refused in stage {self.stage!r}")

    def __repr__(self) -> str:
        return "Config(...)"  # several values are secrets


_settings_by_field = dict(zip(Config.__struct_fields__, SETTINGS, strict=True))


def read_config(environment: Mapping[str, str]) -> Config:
    """Return the settings of an environment. Raises ConfigInvalid with the variable's name.

    Except for booleans, an empty variable counts as not set.
    """
    fields: dict[str, Any] = {}
    for field, declared in _settings_by_field.items():
        text = environment.get(declared.variable)
        if text is None or (not text and not isinstance(declared.default, bool)):
            continue
        try:
            fields[field] = declared.parse(text)
        except ValueError as error:
            shown = None if declared.parse is values.pem or "@" in text else text  # a URL may contain a password
            raise ConfigInvalid(declared.variable, shown, str(error)) from error
    return Config(**fields)


def as_markdown() -> str:
    """Return the table of docs/CONFIGURATION.md, one row per variable."""
    rows = ["| variable | default | on AWS | meaning |", "| --- | --- | --- | --- |"]
    for declared in SETTINGS:
        default = ", ".join(declared.default) if isinstance(declared.default, tuple) else declared.default
        where = "never set" if declared.local else "template"
        rows.append(f"| `{declared.variable}` | `{default}` | {where} | {declared.meaning} |")
    return "\n".join(rows).replace("| `` |", "| |")


config = read_config(os.environ)

if __name__ == "__main__":
    print(as_markdown())
