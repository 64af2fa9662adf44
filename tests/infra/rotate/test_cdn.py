"""The rotation of signing keys: three updates of the template, none of which replaces a resource in use."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from infra.deploy import cdn_keys
from infra.deploy.problems import NotPossible
from infra.rotate import cdn
from infra.template import read_template
from tests.infra.rotate.effective import effective

FIRST = {"CdnPublicKey": "key 1", "CdnPublicKeyB": "", "CdnSigner": "A"}
NOW = datetime(2026, 11, 28, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=1)


def rotated() -> list[dict[str, str]]:
    """Return the parameters before a rotation, after each of its steps, and after a second rotation."""
    states = [FIRST]
    for number, (slot, old) in enumerate([("B", "A"), ("A", "B")], 2):
        states.append(states[-1] | cdn.adding(states[-1], dict.fromkeys("AB", f"key {number}").__getitem__))
        states.append(states[-1] | cdn.switching(states[-1], slot))
        states.append(states[-1] | cdn.removing(states[-1], old, LONG_AGO, NOW))
    return states


def test_a_rotation_has_three_steps_and_the_next_one_uses_the_other_slot() -> None:
    assert [(state["CdnPublicKey"], state["CdnPublicKeyB"], state["CdnSigner"]) for state in rotated()] == [
        ("key 1", "", "A"),
        ("key 1", "key 2", "A"),
        ("key 1", "key 2", "B"),
        ("", "key 2", "B"),
        ("key 3", "key 2", "B"),
        ("key 3", "key 2", "A"),
        ("key 3", "", "A"),
    ]


def test_no_step_changes_or_replaces_a_key_in_place() -> None:
    templates = [effective(read_template(), state) for state in rotated()]

    for before, after in pairwise(templates):
        for name in before.keys() & after.keys():
            if before[name]["Type"] in ("AWS::CloudFront::PublicKey", "AWS::SecretsManager::Secret"):
                assert before[name] == after[name], name
        changed = {name for name in before.keys() & after.keys() if before[name] != after[name]}
        assert changed <= {"CdnKeyGroup", "APIHandler"}


def test_the_group_accepts_both_keys_and_never_lacks_the_one_that_signs() -> None:
    for state in rotated():
        found = effective(read_template(), state)
        accepted = [item["Ref"] for item in found["CdnKeyGroup"]["Properties"]["KeyGroupConfig"]["Items"]]
        variables = found["APIHandler"]["Properties"]["Environment"]["Variables"]
        signer, secret = variables["BLDR_CDN_KEY_ID"]["Ref"], variables["BLDR_CDN_KEY_SECRET"]["Ref"]
        assert signer in accepted
        assert (signer.endswith("B"), secret.endswith("B")) == (state["CdnSigner"] == "B",) * 2
        assert {*accepted, secret} <= found.keys()


def test_a_repeated_step_changes_nothing() -> None:
    states = rotated()

    assert cdn.adding(states[1], lambda _: "other") == {}
    assert cdn.switching(states[2], "B") == {}
    assert cdn.removing(states[3], "A", LONG_AGO, NOW) == {}


def test_the_slot_that_signs_is_not_removed() -> None:
    with pytest.raises(NotPossible, match="slot A signs download URLs: switch to slot B first"):
        cdn.removing(rotated()[1], "A", LONG_AGO, NOW)


def test_a_key_stays_until_its_urls_have_expired() -> None:
    with pytest.raises(NotPossible, match="Repeat in 10 minutes"):
        cdn.removing(rotated()[2], "A", NOW - timedelta(minutes=5), NOW)


def test_an_empty_slot_cannot_sign() -> None:
    with pytest.raises(NotPossible, match="slot B has no key"):
        cdn.switching(FIRST, "B")


def test_a_deployment_without_a_key_says_how_to_get_one() -> None:
    with pytest.raises(NotPossible, match="make deploy OPTIONS=--cdn"):
        cdn.adding({}, lambda _: "key")


class Secrets:
    """Secrets Manager in memory."""

    class exceptions:  # noqa: N801 - as botocore's clients name it
        """The errors of the client."""

        class ResourceNotFoundException(Exception):
            """There is no such secret."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.secrets = self

    def secret_value(self, name: str) -> str | None:
        return self.values.get(name)

    def create_secret(self, Name: str, SecretString: str, Description: str) -> None:  # noqa: N803 - as boto3 names them
        self.values[Name] = SecretString

    def put_secret_value(self, SecretId: str, SecretString: str) -> None:  # noqa: N803 - as above
        self.values[SecretId] = SecretString

    def delete_secret(self, SecretId: str, ForceDeleteWithoutRecovery: bool) -> None:  # noqa: N803 - as above
        del self.values[SecretId]


def test_an_interrupted_first_step_continues_with_the_same_pair() -> None:
    account: Any = Secrets()

    public = cdn_keys.prepare(account, "bldr-dev", "B")
    assert cdn_keys.prepare(account, "bldr-dev", "B") == public
    assert cdn_keys.install(account, "bldr-dev", "B", "slot")
    assert not cdn_keys.install(account, "bldr-dev", "B", "slot")

    assert cdn_keys.public_of(account.values["slot"]) == public
    assert list(account.values) == ["slot"]
