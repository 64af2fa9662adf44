"""The list of declared paths is current, because requests are matched to it before their domains are loaded."""

from app import app
from chalicelib.declared_paths import PATHS
from infra.declared_paths import MODULE, module


def test_the_list_has_the_paths_and_methods_of_all_routes() -> None:
    assert {path: set(methods) for path, methods in PATHS.items()} == {
        path: set(views) for path, views in app.routes.items()
    }


def test_the_module_is_what_its_generator_writes() -> None:
    assert MODULE.read_text() == module(app.routes), "run `python -m infra.declared_paths`"
