"""The preparation of an engine: problems are one message that names the variable."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from chalicelib.origins import provisioning
from chalicelib.origins import service as origins
from chalicelib.platform.aws import client
from chalicelib.platform.config import config
from chalicelib.platform.key_ring import key_ring
from local import bootstrap
from tests.builders.names import a_name


@pytest.mark.parametrize(
    ("field", "value", "variable"),
    [
        ("provision_token_path", "/nowhere", "BLDR_TOKEN_DIR='/nowhere'"),
        ("origin_creators", ("bobo",), "BLDR_ALLOWED_USERS_FOR_ORIGIN_CREATE"),
    ],
)
def test_an_account_that_cannot_be_provisioned_is_reported_with_the_variable(
    table: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, field: str, value: object, variable: str
) -> None:
    settings = replace(
        config,
        provision_account=True,
        provision_username=a_name("account"),
        provision_origins=(a_name("origin"),),
        provision_token_path=str(tmp_path),
    )
    for module in provisioning, bootstrap, origins:
        monkeypatch.setattr(module, "config", replace(settings, **{field: value}))

    with pytest.raises(bootstrap.BootstrapFailed) as raised:
        bootstrap.bootstrap()
    assert variable in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


def test_a_secret_that_holds_no_builder_key_is_reported_without_showing_it(
    table: None,
) -> None:
    secrets, secret = client("secretsmanager"), config.builder_key_secret
    key = secrets.get_secret_value(SecretId=secret)["SecretString"]
    key_ring.cache_clear()
    secrets.put_secret_value(SecretId=secret, SecretString="geheim")
    try:
        with pytest.raises(bootstrap.BootstrapFailed) as raised:
            bootstrap.bootstrap()
    finally:
        secrets.put_secret_value(SecretId=secret, SecretString=key)

    assert f"the secret {secret} (BLDR_BUILDER_KEY_SECRET) holds a malformed builder key" in str(raised.value)
    assert "geheim" not in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1
