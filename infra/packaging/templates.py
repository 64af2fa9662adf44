"""The templates of a deployment: ours merged with Chalice's, and the result of AWS's transform."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from samtranslator.translator.transform import transform

from infra.packaging.chalice_project import REGION, run
from infra.packaging.failure import PackagingFailed
from infra.packaging.target import Target
from infra.template import REPOSITORY

MAX_TEMPLATE_BYTES = 1_000_000


def write_templates(template: dict[str, Any], stage: str, target: Target, folder: Path) -> list[Path]:
    """Write and lint the templates for an archive, and return their paths. Raises PackagingFailed."""
    complete(template, stage, target)
    sam, cloudformation = folder / "sam.json", folder / "cloudformation.json"
    sam.write_text(json.dumps(template, indent=1))
    cloudformation.write_text(json.dumps(translate(template), indent=1))
    if sam.stat().st_size > MAX_TEMPLATE_BYTES:
        raise PackagingFailed(f"{sam} exceeds CloudFormation's limit of 1 MB")
    run("cfn-lint", str(sam), str(cloudformation))
    return [sam, cloudformation]


def complete(template: dict[str, Any], stage: str, target: Target) -> None:
    """Replace names of files by their contents, and the Python that packages by that of the archive."""
    set_target(template, target)
    template["Globals"]["Function"]["Environment"]["Variables"]["BLDR_CODE_DIGEST"] = code_digest()
    template["Mappings"]["Deployment"]["Stage"]["Name"] = stage  # the dimension of our metrics
    _remove_rest_api(template)
    _leave_tracing_to_globals(template)
    _inline_edge_functions(template)
    _inline_state_machines(template)
    _inline_build_specifications(template)
    _inline_dashboards(template, stage)


def code_digest() -> str:
    """Return a digest of the service's code. It is part of the validators of answers."""
    digest = hashlib.sha256()
    for path in sorted([REPOSITORY / "app.py", *(REPOSITORY / "chalicelib").rglob("*.py")]):
        digest.update(path.relative_to(REPOSITORY).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def set_target(template: dict[str, Any], target: Target) -> None:
    """Let all functions run on the target. Chalice gives each function the version of Python that packages."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"].pop("Runtime", None)
    template["Globals"]["Function"] |= {"Runtime": target.runtime, "Architectures": [target.architecture]}


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
