"""The template says what the functions run on, and not the Python that packages."""

import json
from pathlib import Path

import pytest

from infra.packaging.target import Target, of_template, this_machine
from infra.packaging.templates import set_target, translate
from infra.template import read_template


def test_all_functions_run_on_the_target_of_the_archive(built: Path) -> None:
    resources = json.loads((built / "cloudformation.json").read_text())["Resources"].values()
    functions = [one["Properties"] for one in resources if one["Type"] == "AWS::Lambda::Function"]

    assert len(functions) >= 15
    for function in functions:
        assert (function["Runtime"], function["Architectures"]) == (
            this_machine().runtime,
            [this_machine().architecture],
        )


@pytest.mark.parametrize("target", [of_template(read_template()), Target("python3.12", "x86_64")])
def test_the_python_that_chalice_writes_does_not_win(target: Target) -> None:
    template = read_template()
    function = {"Handler": "app.app", "CodeUri": "./deployment.zip", "Runtime": "python3.10"}
    template["Resources"] = {"APIHandler": {"Type": "AWS::Serverless::Function", "Properties": function}}
    set_target(template, target)

    translated = translate(template)["Resources"]["APIHandler"]["Properties"]
    assert (translated["Runtime"], translated["Architectures"]) == (target.runtime, [target.architecture])
