"""Models of AWS services are reduced to what clients read."""

import gzip
import json
from pathlib import Path
from typing import Any

from botocore.loaders import Loader

from infra.packaging.trimming import trim_models, without_descriptions

MODEL: dict[str, Any] = {
    "metadata": {"endpointPrefix": "states"},
    "documentation": "<p>text</p>",
    "shapes": {"Page": {"members": {"documentation": {"shape": "Text", "documentation": "<p>text</p>"}}}},
}


def some_models(folder: Path) -> Path:
    """Write the models of three services, one of which has two versions."""
    for name in ("ec2/2016-11-15", "stepfunctions/2015-01-01", "stepfunctions/2016-11-23"):
        path = folder / name
        path.mkdir(parents=True)
        (path / "service-2.json.gz").write_bytes(gzip.compress(json.dumps(MODEL).encode()))
    endpoints = {"partitions": [{"partition": "aws", "services": {"ec2": {}, "states": {"endpoints": {}}}}]}
    (folder / "endpoints.json").write_text(json.dumps(endpoints))
    return folder


def test_descriptions_are_removed_and_members_of_that_name_stay() -> None:
    assert without_descriptions(MODEL) == {
        "metadata": {"endpointPrefix": "states"},
        "shapes": {"Page": {"members": {"documentation": {"shape": "Text"}}}},
    }


def test_only_the_newest_models_of_the_services_that_are_called_stay(tmp_path: Path) -> None:
    trim_models(some_models(tmp_path))

    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["stepfunctions"]
    assert [path.name for path in (tmp_path / "stepfunctions").iterdir()] == ["2016-11-23"]


def test_botocore_reads_the_remaining_models(tmp_path: Path) -> None:
    trim_models(some_models(tmp_path))
    loader = Loader(extra_search_paths=[str(tmp_path)], include_default_search_paths=False)

    assert loader.load_service_model("stepfunctions", "service-2") == without_descriptions(MODEL)
    assert loader.load_data("endpoints")["partitions"][0]["services"] == {"states": {"endpoints": {}}}
