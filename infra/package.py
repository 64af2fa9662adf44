"""`python -m infra.package --stage STAGE FOLDER`: build and lint a deployment (`make package`).

Writes to FOLDER: `deployment.zip`; `sam.json`, which is deployed: Chalice's template merged with ours; and
`cloudformation.json`, the result of AWS's transform, so that errors show before the deployment.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from samtranslator.translator.transform import transform

from infra.template import REPOSITORY, read_template

MAX_TEMPLATE_BYTES = 1_000_000
REGION = "us-east-1"


class PackagingFailed(Exception):
    """A step failed. The tool has printed the cause."""


def main() -> int:
    """Build a deployment and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m infra.package", description="Build and lint a deployment.")
    parser.add_argument("--stage", default="dev", help="a stage of .chalice/config.json (default %(default)s)")
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    try:
        templates = package(options.stage, options.folder)
    except PackagingFailed as problem:
        print(problem, file=sys.stderr)
        return 1
    print("built and linted:", *templates)
    return 0


def package(stage: str, folder: Path) -> list[Path]:
    """Build a deployment into a folder and return the paths of its two templates. Raises PackagingFailed."""
    folder.mkdir(parents=True, exist_ok=True)
    template = merge(stage, folder)
    sam, cloudformation = folder / "sam.json", folder / "cloudformation.json"
    sam.write_text(json.dumps(template, indent=1))
    cloudformation.write_text(json.dumps(translate(template), indent=1))
    if sam.stat().st_size > MAX_TEMPLATE_BYTES:
        raise PackagingFailed(f"{sam} exceeds CloudFormation's limit of 1 MB")
    _run("cfn-lint", str(sam), str(cloudformation))
    return [sam, cloudformation]


def merge(stage: str, folder: Path) -> dict[str, Any]:
    """Package the archive into a folder, and return Chalice's template merged with ours. Raises PackagingFailed.

    Both templates are JSON: Chalice writes YAML with aliases, which CloudFormation rejects.
    """
    own = folder.resolve() / "own.json"
    own.write_text(json.dumps(read_template()))
    options = ["--stage", stage, "--template-format", "json", "--merge-template", str(own)]
    _run("chalice", "package", *options, str(folder.resolve()))
    own.unlink()
    template: dict[str, Any] = json.loads((folder / "sam.json").read_text())
    _remove_rest_api(template)
    template["Globals"]["Function"]["Environment"]["Variables"]["BLDR_CODE_DIGEST"] = code_digest()
    _leave_tracing_to_globals(template)
    _name_the_stage(template, stage)
    _inline_edge_functions(template)
    _inline_state_machines(template)
    _inline_build_specifications(template)
    _inline_dashboards(template, stage)
    return template


def code_digest() -> str:
    """Return a digest of the service's code. It is part of the validators of answers."""
    digest = hashlib.sha256()
    for path in sorted([REPOSITORY / "app.py", *(REPOSITORY / "chalicelib").rglob("*.py")]):
        digest.update(path.relative_to(REPOSITORY).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _remove_rest_api(template: dict[str, Any]) -> None:
    """Remove the REST API that Chalice declares: the function has a URL (docs/DECISIONS.md)."""
    for name in ("RestAPI", "APIHandlerInvokePermission"):
        del template["Resources"][name]
    for name in ("RestAPIId", "EndpointURL"):
        del template["Outputs"][name]


def _leave_tracing_to_globals(template: dict[str, Any]) -> None:
    """Remove Chalice's value of each function, which would win over the parameter."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            del resource["Properties"]["Tracing"]


def _inline_edge_functions(template: dict[str, Any]) -> None:
    """Replace file names by code: CloudFront needs the code in the template; tests run the file."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::CloudFront::Function":
            path = resource["Properties"]["FunctionCode"]
            resource["Properties"]["FunctionCode"] = (REPOSITORY / path).read_text()


def _inline_state_machines(template: dict[str, Any]) -> None:
    """Replace file names by definitions, in which CloudFormation substitutes the functions."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::StepFunctions::StateMachine":
            definition = json.loads((REPOSITORY / resource["Properties"]["DefinitionString"]).read_text())
            resource["Properties"]["DefinitionString"] = {"Fn::Sub": json.dumps(definition)}


def _inline_build_specifications(template: dict[str, Any]) -> None:
    """Replace file names by specifications: the project of workers has no source that could contain a file."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::CodeBuild::Project":
            source = resource["Properties"]["Source"]
            source["BuildSpec"] = (REPOSITORY / source["BuildSpec"]).read_text()


def _name_the_stage(template: dict[str, Any], stage: str) -> None:
    """Set the dimension of our metrics to the value that the functions publish."""
    template["Mappings"]["Deployment"]["Stage"]["Name"] = stage


def _inline_dashboards(template: dict[str, Any], stage: str) -> None:
    """Replace file names by dashboards, in which CloudFormation substitutes the resources."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::CloudWatch::Dashboard":
            widgets = json.loads((REPOSITORY / resource["Properties"]["DashboardBody"]).read_text())
            text = json.dumps(widgets).replace("${Stage}", stage)
            resource["Properties"]["DashboardBody"] = {"Fn::Sub": text}


def translate(sam: dict[str, Any]) -> dict[str, Any]:
    """Return a template after CloudFormation's serverless transform."""
    os.environ.setdefault("AWS_DEFAULT_REGION", REGION)  # the translator opens a boto3 session, which needs a region
    with_code = json.loads(json.dumps(sam).replace("./deployment.zip", "s3://code-of-the-deployment/deployment.zip"))
    return dict(transform(with_code, {}, _NoManagedPolicies()))


class _NoManagedPolicies:
    """An empty list of managed policies. Our roles use none, so the translator need not request them from AWS."""

    def load(self) -> dict[str, str]:
        """Return ARNs by name."""
        return {}


def _run(command: str, *arguments: str) -> None:
    environment = {"AWS_DEFAULT_REGION": REGION, **os.environ}
    program = Path(sys.executable).with_name(command)
    done = subprocess.run([str(program), *arguments], cwd=REPOSITORY, env=environment, check=False)  # noqa: S603 - our own tools
    if done.returncode:
        raise PackagingFailed(f"{command} failed with exit status {done.returncode}")


if __name__ == "__main__":
    sys.exit(main())
