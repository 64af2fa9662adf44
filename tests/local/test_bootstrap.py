"""The preparation of an engine: problems are one message that names the variable."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from chalicelib.origins import provisioning
from chalicelib.origins import service as origins
from chalicelib.platform.config import config
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
