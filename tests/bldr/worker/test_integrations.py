"""The check of a project's integrations (builds.md 9.2, step 2)."""

import json
from typing import Any

import msgspec
import pytest

from bldr.worker.bundle import Bundle
from bldr.worker.integrations import IntegrationInvalid, exports_of
from tests.bldr.worker.builders import a_bundle

TAGS = {"docker_hub_repo_name": "org/repo", "latest_tag": True, "version_tag": False, "version_release_tag": False}
ACCOUNT = {"username": "user", "password": "password-of-registry"}


def bundle_with(tags: Any, account: Any) -> Bundle:
    """Return a bundle whose project has an integration."""
    bundle = a_bundle(
        integrations=[{"name": "docker", "type": "docker", "body": account}],
        project_integrations=[{"integration": "docker", "body": tags}],
    )
    return msgspec.convert(bundle, Bundle)


def test_a_project_without_integrations_exports_nothing() -> None:
    assert exports_of(msgspec.convert(a_bundle(), Bundle)) == ()


@pytest.mark.parametrize("tags", [TAGS, json.dumps(TAGS), TAGS | {"custom_tag": "x", "unknown": 1}])
@pytest.mark.parametrize("account", [ACCOUNT, json.dumps(ACCOUNT | {"registry_url": "https://registry"})])
def test_valid_integrations(tags: Any, account: Any) -> None:
    (export,) = exports_of(bundle_with(tags, account))

    assert export.tags.docker_hub_repo_name == "org/repo"
    assert export.registry.username == "user"
    assert export.type == "docker"


@pytest.mark.parametrize(
    ("tags", "account"),
    [
        (TAGS | {"docker_hub_repo_name": ""}, ACCOUNT),
        (TAGS | {"latest_tag": "true"}, ACCOUNT),
        (TAGS | {"custom_tag": 1}, ACCOUNT),
        ({key: value for key, value in TAGS.items() if key != "version_tag"}, ACCOUNT),
        ([], ACCOUNT),
        (None, ACCOUNT),
        ("not json", ACCOUNT),
        (TAGS, {"username": "user"}),
        (TAGS, ACCOUNT | {"password": ""}),
        (TAGS, ACCOUNT | {"password": 12345678}),
        (TAGS, "not json but password-of-registry"),
    ],
)
def test_invalid_integrations_are_refused_without_a_quote(tags: Any, account: Any) -> None:
    with pytest.raises(IntegrationInvalid) as refusal:
        exports_of(bundle_with(tags, account))

    assert "password-of-registry" not in str(refusal.value)
    assert "12345678" not in str(refusal.value)


def test_a_bundle_does_not_show_its_secrets() -> None:
    bundle = bundle_with(TAGS, ACCOUNT)

    text = repr(bundle) + repr(bundle.integrations) + repr(bundle.clone) + repr(exports_of(bundle))

    assert "password-of-registry" not in text
    assert bundle.token not in text
    assert "password-of-registry" in bundle.texts_to_hide()
