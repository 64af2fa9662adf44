"""Settings: read once, typed, named when wrong, and documented (docs/CONFIGURATION.md)."""

from pathlib import Path

import pytest

from chalicelib.core.target import Target
from chalicelib.platform.config import ConfigInvalid, as_markdown, read_config

DOCUMENT = Path(__file__).parents[3] / "docs" / "CONFIGURATION.md"


def test_an_empty_environment_gives_the_defaults() -> None:
    settings = read_config({})

    assert (settings.stage, settings.functional_test, settings.private_max_age) == ("local", False, 300)
    assert Target.AARCH64_WINDOWS not in settings.targets


def test_lists_are_separated_by_commas_with_blanks_ignored() -> None:
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
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_its_variable(variable: str, value: str) -> None:
    with pytest.raises(ConfigInvalid, match=variable):
        read_config({variable: value})


@pytest.mark.parametrize("value", ["1", "", "no"])
def test_functional_test_mode_is_on_when_its_variable_is_set_to_anything(value: str) -> None:
    assert read_config({"HAB_FUNC_TEST": value}).functional_test


@pytest.mark.parametrize("stage", ["prod", "production", "prod-eu"])
def test_functional_test_mode_is_refused_in_production(stage: str) -> None:
    with pytest.raises(ConfigInvalid, match="HAB_FUNC_TEST"):
        read_config({"HAB_FUNC_TEST": "1", "BLDR_STAGE": stage})


def test_no_secret_shows_in_the_text_of_settings() -> None:
    assert "s3cret" not in repr(read_config({"BLDR_OAUTH_CLIENT_SECRET": "s3cret", "BLDR_SECRET_KEY": "s3cret"}))


def test_the_document_holds_the_table() -> None:
    assert as_markdown() in DOCUMENT.read_text()
