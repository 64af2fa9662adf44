"""The settings of the local stack: what is accepted, and errors that name the variable and give an example."""

import socket

import pytest

from local import settings
from local.children import CannotListen, listen
from local.settings import Address, SettingInvalid


def test_only_this_machine_can_reach_the_api_by_default() -> None:
    assert settings.address({}) == Address("127.0.0.1", 9636)


@pytest.mark.parametrize(
    ("listens_on", "host", "url"),
    [
        ("127.0.0.1", "127.0.0.1", "http://localhost:9636"),
        ("localhost", "127.0.0.1", "http://localhost:9636"),
        ("0.0.0.0", "0.0.0.0", "http://localhost:9636"),
        ("::1", "::1", "http://[::1]:9636"),
        ("[::1]", "::1", "http://[::1]:9636"),
        ("::", "::", "http://[::1]:9636"),
        ("192.0.2.1", "192.0.2.1", "http://192.0.2.1:9636"),
    ],
)
def test_addresses(listens_on: str, host: str, url: str) -> None:
    address = settings.address({"BLDR_LISTEN": listens_on})

    assert (address.host, address.url) == (host, url)


@pytest.mark.parametrize("listens_on", ["0.0.0.0", "::", "192.0.2.1", "[::]", "2001:db8::1"])
@pytest.mark.parametrize("value", ["1", ""])
def test_functional_test_mode_refuses_addresses_that_other_machines_reach(listens_on: str, value: str) -> None:
    with pytest.raises(SettingInvalid, match="HAB_FUNC_TEST"):
        settings.address({"BLDR_LISTEN": listens_on, "HAB_FUNC_TEST": value})


@pytest.mark.parametrize("listens_on", ["", "127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_functional_test_mode_accepts_addresses_of_this_machine(listens_on: str) -> None:
    assert settings.address({"BLDR_LISTEN": listens_on, "HAB_FUNC_TEST": "1"}).port == 9636


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        *[("BLDR_PORT", value) for value in ("http", "-1", "65536", "80 80", "9_636", "\u0661", "1" * 5000)],
        *[
            ("BLDR_LISTEN", value)
            for value in ("999.1.1.1", "[::1", "a b", "x" * 300, "::1%nowhere", "http://127.0.0.1")
        ],
        *[("BLDR_WORKERS", value) for value in ("0", "-1", "many", "65", "2.5")],
        *[("BLDR_THREADS", value) for value in ("0", "x", "100000")],
        *[
            (variable, value)
            for variable in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SECRETS_MANAGER")
            for value in (
                "localhost:4566",
                "http://",
                "http://x:99999",
                "ftp://x",
                "http://x y",
                "http://[::1",
                "http://x:0",
            )
        ],
        ("ENGINE_PORT", "0"),
        ("ENGINE_PORT", "x"),
        *[("ENGINE_TRANSACTION_MS", value) for value in ("-1", "1001", "0.5")],
    ],
)
def test_the_error_names_the_variable_its_value_and_an_example(variable: str, value: str) -> None:
    with pytest.raises(SettingInvalid) as raised:
        check({variable: value})

    message = str(raised.value)
    assert message.startswith(f"{variable}={value!r} ")
    assert f"set for example {variable}=" in message
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_SFN"])
def test_a_state_folder_excludes_engines_for_what_it_holds(variable: str) -> None:
    engine = {variable: "http://127.0.0.1:4566"}
    settings.check_state(engine)
    with pytest.raises(SettingInvalid, match=variable):
        settings.check_state({"BLDR_STATE": "folder", **engine})


def test_a_state_folder_may_have_its_objects_in_another_store() -> None:
    settings.check_state({"BLDR_STATE": "folder", "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:3900"})


def test_the_socket_of_all_addresses_accepts_ipv4_and_ipv6() -> None:
    with listen("::", 0) as listener:
        for host in "127.0.0.1", "::1":
            socket.create_connection((host, listener.getsockname()[1])).close()


@pytest.mark.parametrize(("host", "advice"), [("192.0.2.1", "set BLDR_LISTEN"), ("127.0.0.1", "set BLDR_PORT")])
def test_an_address_that_cannot_be_bound_is_reported_with_what_to_do(host: str, advice: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(CannotListen, match=advice):
        listen(host, server.getsockname()[1])


def check(environment: dict[str, str]) -> None:
    settings.address(environment)
    settings.check_processes(environment)
    settings.check_endpoints(environment)
    settings.engine_port(environment)
    settings.transaction_seconds(environment)
