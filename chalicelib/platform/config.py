"""Everything configurable: one typed table of environment variables, read once (design.md section 2).

A setting that the contract names `api.some_name` is `BLDR_SOME_NAME`; names that the reference already gave to
environment variables stay as they are. A value that cannot be read stops the start with the variable's name.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from chalicelib.core.target import Target


class ConfigInvalid(ValueError):
    """An environment variable holds a value that cannot be used."""

    def __init__(self, variable: str, value: str, why: str) -> None:
        super().__init__(f"{variable}={value!r} cannot be used: {why}")


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _targets(text: str) -> tuple[Target, ...]:
    return tuple(Target.parse(name) for name in _names(text))


def _seconds(text: str) -> int:
    seconds = int(text)
    if seconds < 0:
        raise ValueError("seconds may not be negative")
    return seconds


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError("a count may not be negative")
    return number


def _yes_or_no(text: str) -> bool:
    if text.lower() not in ("true", "false", "1", "0", ""):
        raise ValueError("allowed are true, false, 1, 0")
    return text.lower() in ("true", "1")


def _one_of(*allowed: str) -> Callable[[str], str]:
    def choose(text: str) -> str:
        if text not in allowed:
            raise ValueError("allowed are " + ", ".join(allowed))
        return text

    return choose


def _is_set(_: str) -> bool:
    return True


def setting(variable: str, parse: Callable[[str], Any], default: Any, meaning: str) -> Any:
    """Declare one setting: its variable, how its text is read, its default and its line in the documentation."""
    return field(default=default, metadata={"variable": variable, "parse": parse, "meaning": meaning})


DEFAULT_TARGETS = (
    Target.X86_64_LINUX,
    Target.X86_64_LINUX_KERNEL2,
    Target.X86_64_WINDOWS,
    Target.AARCH64_DARWIN,
    Target.AARCH64_LINUX,
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Config:
    """The values in force. `python -m chalicelib.platform.config` prints the table as Markdown."""

    stage: str = setting("BLDR_STAGE", str, "local", "Name of the deployment; `prod…` refuses functional-test mode")
    table: str = setting("BLDR_TABLE", str, "bldr", "DynamoDB table (set by the template)")
    bucket: str = setting("BLDR_BUCKET", str, "bldr-artifacts", "S3 bucket of the artifacts (set by the template)")
    builder_key_secret: str = setting(
        "BLDR_BUILDER_KEY_SECRET", str, "bldr-builder-key", "Secrets Manager secret holding the builder key"
    )
    builder_key: str = setting(
        "BLDR_SECRET_KEY", str, "", "Text of the builder key itself; wins over all other sources"
    )
    builder_key_path: str = setting("BLDR_HAB_KEY_DIR", str, "", "Folder of `bldr-<revision>.box.key` files")
    functional_test: bool = setting("HAB_FUNC_TEST", _is_set, False, "Set to anything: the five test users may sign in")
    targets: tuple[Target, ...] = setting("BLDR_TARGETS", _targets, DEFAULT_TARGETS, "Targets that the depot accepts")
    native_packages: str = setting(
        "BLDR_NATIVE_PACKAGES", str, "all", "Who may upload native packages: `all`, `off`, or a list of origins"
    )
    rdeps_source: str = setting(
        "BLDR_RDEPS_SOURCE",
        _one_of("rows", "graph"),
        "rows",
        "Where reverse dependencies are read: `rows` or `graph` (only the build service asks)",
    )
    private_max_age: int = setting("BLDR_PRIVATE_MAX_AGE", _seconds, 300, "Cache age of private downloads, seconds")
    download_mode: str = setting(
        "BLDR_DOWNLOAD_MODE",
        _one_of("auto", "redirect", "front"),
        "auto",
        "`auto`: small archives inline, others by signed URL; `redirect`: always a URL; `front`: the front streams",
    )
    cdn_url: str = setting("BLDR_CDN_URL", str, "", "Base URL of the distribution in front of the bucket")
    cdn_key_id: str = setting("BLDR_CDN_KEY_ID", str, "", "Id of the distribution's signing key")
    cdn_key_secret: str = setting("BLDR_CDN_KEY_SECRET", str, "", "Secrets Manager secret with the private signing key")
    upload_function: str = setting(
        "BLDR_UPLOAD_FUNCTION", str, "", "Function that finishes large uploads (set by the template); empty: a thread"
    )
    origin_creators: tuple[str, ...] = setting(
        "BLDR_ALLOWED_USERS_FOR_ORIGIN_CREATE", _names, (), "Accounts that may create origins; empty: everybody"
    )
    oauth_provider: str = setting(
        "BLDR_OAUTH_PROVIDER",
        _one_of("github", "gitlab", "bitbucket", "okta", "azure-ad", "chef-automate", "active-directory"),
        "github",
        "Where users sign in",
    )
    oauth_token_url: str = setting(
        "BLDR_OAUTH_TOKEN_URL", str, "https://github.com/login/oauth/access_token", "Exchanges a code for a token"
    )
    oauth_userinfo_url: str = setting(
        "BLDR_OAUTH_USERINFO_URL", str, "https://api.github.com/user", "Tells who the token's user is"
    )
    oauth_redirect_url: str = setting("BLDR_OAUTH_REDIRECT_URL", str, "", "Where the provider sends the browser back")
    oauth_client_id: str = setting("BLDR_OAUTH_CLIENT_ID", str, "", "Our id at the provider")
    oauth_client_secret: str = setting("BLDR_OAUTH_CLIENT_SECRET", str, "", "Our secret at the provider")
    session_seconds: int = setting("BLDR_SESSION_SECONDS", _seconds, 259_200, "Life of a web session, seconds")
    sign_ins_per_minute: int = setting(
        "BLDR_SIGN_INS_PER_MINUTE", _count, 30, "Sign-ins that one source address may try in a minute; 0: no limit"
    )
    saas_bldr_url: str = setting(
        "BLDR_SAAS_BLDR_URL", str, "https://bldr.habitat.sh", "The public depot, for its events"
    )
    unrestricted_channels: tuple[str, ...] = setting(
        "BLDR_UNRESTRICTED_CHANNELS", _names, (), "Channels whose packages anybody may download"
    )
    partially_unrestricted_channels: tuple[str, ...] = setting(
        "BLDR_PARTIALLY_UNRESTRICTED_CHANNELS", _names, (), "The same, unless they are in a restricted one as well"
    )
    restricted_if_present: tuple[str, ...] = setting(
        "BLDR_RESTRICTED_IF_PRESENT", _names, (), "Channels that need a licence; empty: no download needs one"
    )
    license_server_url: str = setting("BLDR_LICENSE_SERVER_URL", str, "", "Licence service; empty: none")
    private_registries: str = setting(
        "BLDR_PRIVATE_REGISTRIES",
        _one_of("refused", "allowed"),
        "refused",
        "Whether registry credentials may be tried at private addresses and without TLS",
    )
    github_api_url: str = setting("BLDR_GITHUB_API_URL", str, "https://api.github.com", "GitHub's API")
    github_app_id: str = setting("BLDR_GITHUB_APP_ID", str, "", "Id of our GitHub App; empty: none")
    github_app_private_key: str = setting(
        "BLDR_GITHUB_APP_PRIVATE_KEY", str, "", r"The App's private key, PEM; `\n` may stand for a newline"
    )
    github_webhook_secret: str = setting(
        "BLDR_GITHUB_WEBHOOK_SECRET", str, "", "Secret with which GitHub signs what it notifies; empty: all is refused"
    )
    provision_account: bool = setting(
        "BLDR_AUTO_PROVISION_ACCOUNT", _yes_or_no, False, "Whether an account with origins and a token is made at start"
    )
    provision_username: str = setting("BLDR_PROVISION_USERNAME", str, "chef-platform", "Name of that account")
    provision_email: str = setting("BLDR_PROVISION_EMAIL", str, "chef-platform@progress.com", "E-mail of that account")
    provision_origins: tuple[str, ...] = setting("BLDR_PROVISION_ORIGINS", _names, ("core",), "Origins that it owns")
    provision_channels: tuple[str, ...] = setting(
        "BLDR_PROVISION_CHANNELS", _names, (), "Further channels, paired with the origins by position"
    )
    provision_token_path: str = setting(
        "BLDR_TOKEN_DIR", str, "", "Folder for the file `HAB_AUTH_TOKEN` with that account's token; empty: temporary"
    )

    def __post_init__(self) -> None:
        if self.functional_test and self.stage.startswith("prod"):
            raise ConfigInvalid("HAB_FUNC_TEST", "set", f"functional-test mode is refused in stage {self.stage!r}")


def read_config(environment: Mapping[str, str]) -> Config:
    """Read all settings from an environment. Raises SettingInvalid with the variable's name."""
    values: dict[str, Any] = {}
    for declared in fields(Config):
        variable = declared.metadata["variable"]
        if variable not in environment:
            continue
        if not environment[variable] and declared.type is not bool:
            continue
        try:
            values[declared.name] = declared.metadata["parse"](environment[variable])
        except ValueError as problem:
            raise ConfigInvalid(variable, environment[variable], str(problem)) from problem
    return Config(**values)


def as_markdown() -> str:
    """The documented table, one row per variable."""
    rows = ["| variable | default | meaning |", "| --- | --- | --- |"]
    for declared in fields(Config):
        default = declared.default
        shown = ", ".join(default) if isinstance(default, tuple) else default
        rows.append(f"| `{declared.metadata['variable']}` | `{shown}` | {declared.metadata['meaning']} |")
    return "\n".join(rows).replace("`` |", "|").replace("| `` ", "| ")


config = read_config(os.environ)

if __name__ == "__main__":
    print(as_markdown())
