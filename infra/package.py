"""`python -m infra.package --stage STAGE FOLDER`: archive and templates of a deployment, linted (`make package`).

FOLDER gets `deployment.zip`, `sam.json` (Chalice's template merged with ours; what is deployed) and
`cloudformation.json` (what AWS makes of it, so that mistakes show here instead of there).
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from infra.template import TEMPLATE

REPOSITORY = TEMPLATE.parents[1]
BY_URL_ONLY_ABOVE = 1_000_000
REGION = "us-east-1"


class PackagingFailed(Exception):
    """A step did not succeed; its own messages say why."""


def main() -> int:
    """Package, translate and lint."""
    parser = argparse.ArgumentParser(prog="python -m infra.package", description="Build and lint a deployment.")
    parser.add_argument("--stage", default="dev", help="a stage of .chalice/config.json")
    parser.add_argument("folder", type=Path)
    asked = parser.parse_args()
    try:
        templates = package(asked.stage, asked.folder)
    except PackagingFailed as problem:
        print(problem, file=sys.stderr)
        return 1
    print("built and linted:", *templates)
    return 0


def package(stage: str, folder: Path) -> list[Path]:
    """Build everything into a folder; returns the two templates. Raises PackagingFailed."""
    folder.mkdir(parents=True, exist_ok=True)
    merged = merge(stage, folder)
    sam, cloudformation = folder / "sam.json", folder / "cloudformation.json"
    sam.write_text(json.dumps(merged, indent=1))
    cloudformation.write_text(json.dumps(translate(merged), indent=1))
    if sam.stat().st_size > BY_URL_ONLY_ABOVE:
        raise PackagingFailed(f"{sam} is larger than CloudFormation takes, 1 MB")
    _run("cfn-lint", str(sam), str(cloudformation))
    return [sam, cloudformation]


def merge(stage: str, folder: Path) -> dict[str, Any]:
    """Chalice's template with ours merged in; the archive is left in the folder.

    It is returned as data, and written as JSON, because Chalice writes YAML with aliases, which CloudFormation refuses.
    """
    options = ["--stage", stage, "--template-format", "yaml", "--merge-template", str(TEMPLATE)]
    _run("chalice", "package", *options, str(folder.resolve()))
    written = folder / "sam.yaml"
    merged: dict[str, Any] = yaml.safe_load(written.read_text())
    written.unlink()
    _put_in_edge_functions(merged)
    return merged


def _put_in_edge_functions(template: dict[str, Any]) -> None:
    """CloudFront takes a function's code in the template only; ours names its file, so that tests can run it."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::CloudFront::Function":
            place = resource["Properties"]["FunctionCode"]
            resource["Properties"]["FunctionCode"] = (TEMPLATE.parents[1] / place).read_text()


def translate(sam: dict[str, Any]) -> dict[str, Any]:
    """What CloudFormation's serverless transform makes of a template."""
    os.environ.setdefault("AWS_DEFAULT_REGION", REGION)
    from samtranslator.translator.transform import transform  # type: ignore[import-untyped]

    with_code = json.loads(json.dumps(sam).replace("./deployment.zip", "s3://code-of-the-deployment/deployment.zip"))
    return dict(transform(with_code, {}, _NoManagedPolicies()))


class _NoManagedPolicies:
    """Our roles name no managed policy, so the translator need not ask AWS for their list."""

    def load(self) -> dict[str, str]:
        return {}


def _run(command: str, *arguments: str) -> None:
    environment = {"AWS_DEFAULT_REGION": REGION, **os.environ}
    program = Path(sys.executable).with_name(command)
    done = subprocess.run([str(program), *arguments], cwd=REPOSITORY, env=environment, check=False)  # noqa: S603 - our own tools
    if done.returncode:
        raise PackagingFailed(f"{command} failed with status {done.returncode}")


if __name__ == "__main__":
    sys.exit(main())
