"""Settings: their types, the errors for invalid values, and their documentation (docs/CONFIGURATION.md)."""

from pathlib import Path

import pytest
from msgspec import structs

from chalicelib.core.target import Target
from chalicelib.platform.config import ConfigInvalid, as_markdown, read_config

DOCUMENT = Path(__file__).parents[3] / "docs" / "CONFIGURATION.md"


def test_without_variables_the_defaults_apply() -> None:
    settings = read_config({})

    assert (settings.stage, settings.functional_test, settings.private_max_age) == ("local", False, 300)
    assert Target.AARCH64_WINDOWS not in settings.targets


def test_commas_separate_the_entries_of_lists() -> None:
    settings = read_config({"BLDR_ALLOWED_USERS_FOR_ORIGIN_CREATE": "bobo, mystique ,wesker,"})

    assert settings.origin_creators == ("bobo", "mystique", "wesker")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("BLDR_TARGETS", "x86_64-linux,amiga"),
        ("BLDR_PRIVATE_MAX_AGE", "soon"),
        ("BLDR_PRIVATE_MAX_AGE", "-1"),
        ("BLDR_OAUTH_PROVIDER", "myspace"),
        ("BLDR_RDEPS_SOURCE", "guess"),
        ("BLDR_DOWNLOAD_MODE", "pigeon"),
        ("BLDR_SESSION_SECONDS", "1e3"),
        ("BLDR_SESSION_SECONDS", "9999999999"),
        ("BLDR_SIGN_INS_PER_MINUTE", "\u0663"),
        ("BLDR_AUTO_PROVISION_ACCOUNT", "maybe"),
        ("BLDR_PRIVATE_REGISTRIES", "yes"),
        ("BLDR_PROVISION_ORIGINS", "core,Bad/Name"),
        ("BLDR_PROVISION_USERNAME", "a\nb"),
        ("BLDR_PROVISION_EMAIL", "a\x1b[31m@example.com"),
        ("BLDR_PROVISION_CHANNELS", "a\tb"),
        ("BLDR_PROVISION_CHANNELS", "a,.."),
        ("BLDR_TABLE", "a b"),
        ("BLDR_BUCKET", "Artifacts"),
        ("BLDR_BUILDER_KEY_SECRET", "a key"),
        ("BLDR_CDN_KEY_SECRET", "{}"),
        ("BLDR_CDN_URL", "cdn.example.com"),
        ("BLDR_OAUTH_TOKEN_URL", "ftp://example.com"),
        ("BLDR_OAUTH_USERINFO_URL", "https://"),
        ("BLDR_OAUTH_REDIRECT_URL", "https://exa mple.com"),
        ("BLDR_SAAS_BLDR_URL", "http://example.com:x"),
        ("BLDR_LICENSE_SERVER_URL", "http://example.com:99999"),
        ("BLDR_GITHUB_API_URL", "https://example.com\n"),
    ],
)
def test_the_error_for_an_invalid_value_names_its_variable(variable: str, value: str) -> None:
    with pytest.raises(ConfigInvalid, match=variable):
        read_config({variable: value})


def test_the_error_for_a_private_key_does_not_show_it() -> None:
    with pytest.raises(ConfigInvalid, match="BLDR_GITHUB_APP_PRIVATE_KEY cannot be used") as raised:
        read_config({"BLDR_GITHUB_APP_PRIVATE_KEY": "geheim"})

    assert "geheim" not in str(raised.value)


@pytest.mark.parametrize("variable", ["BLDR_TABLE", "BLDR_TARGETS", "BLDR_PRIVATE_MAX_AGE", "BLDR_DOWNLOAD_MODE"])
def test_an_empty_variable_counts_as_not_set(variable: str) -> None:
    assert structs.asdict(read_config({variable: ""})) == structs.asdict(read_config({}))


@pytest.mark.parametrize(("text", "value"), [("true", True), ("1", True), ("FALSE", False), ("0", False), ("", False)])
def test_texts_of_a_boolean(text: str, value: bool) -> None:
    assert read_config({"BLDR_AUTO_PROVISION_ACCOUNT": text}).provision_account is value


@pytest.mark.parametrize("value", ["1", "", "no"])
def test_functional_test_mode_is_on_when_its_variable_is_set_to_anything(value: str) -> None:
    assert read_config({"HAB_FUNC_TEST": value}).functional_test


@pytest.mark.parametrize("stage", ["prod", "production", "prod-eu", "PROD", "Production"])
def test_functional_test_mode_is_refused_in_production(stage: str) -> None:
    with pytest.raises(ConfigInvalid, match="HAB_FUNC_TEST"):
        read_config({"HAB_FUNC_TEST": "1", "BLDR_STAGE": stage})


def test_repr_does_not_show_secrets() -> None:
    assert "s3cret" not in repr(read_config({"BLDR_OAUTH_CLIENT_SECRET": "s3cret", "BLDR_SECRET_KEY": "s3cret"}))


def test_the_document_is_current() -> None:
    assert as_markdown() in DOCUMENT.read_text()
