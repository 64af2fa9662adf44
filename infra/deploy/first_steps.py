"""What a stack needs before its users can work: secrets with values, an account, and a token."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chalicelib.core.deferred import deferred
from infra.deploy import cdn_keys
from infra.deploy.answers import Answers
from infra.deploy.aws import Account, endpoint, outputs_of
from infra.deploy.code_bucket import CodeBucket
from infra.deploy.problems import NotPossible
from infra.deploy.questions import Terminal

# These modules read the environment when they run, and `use_stack` completes it first.
with deferred():
    from infra import builder_key, first_account

SLOTS = {"A": "CdnSigningKeySecret", "B": "CdnSigningKeyBSecret"}
"""The outputs with the secrets of the slots of signing keys."""


def fill_secrets(account: Account, stack: Mapping[str, Any], terminal: Terminal, secret_file: Path | None) -> list[str]:
    """Write the secrets that have no value yet, and return what was done and what remains to do."""
    outputs, said = outputs_of(stack), []
    first_account.use_stack(stack["StackName"])
    if builder_key.ensure_builder_key(outputs["BuilderKeySecret"]):
        said.append(f"generated the builder key in {outputs['BuilderKeySecret']}")
    for slot, output in SLOTS.items():
        if output in outputs and cdn_keys.install(account, stack["StackName"], slot, outputs[output]):
            said.append(f"stored the signing key of downloads in {outputs[output]}")
    client_secret = outputs.get("OAuthClientSecretSecret")
    if client_secret is not None:
        said += _store_client_secret(account, client_secret, terminal, secret_file)
    return said


def _store_client_secret(account: Account, secret: str, terminal: Terminal, file: Path | None) -> list[str]:
    """Store the client secret of the identity provider. That in a file replaces an earlier one."""
    before = account.secret_value(secret)
    if file is None and before is not None:
        return []
    value = _read(file) if file is not None else terminal.secret("Client secret at the identity provider (not shown)")
    if not value:
        return [f"users cannot sign in before {secret} has a value: repeat with --client-secret-file FILE"]
    if value == before:
        return []
    account.secrets.put_secret_value(SecretId=secret, SecretString=value)
    return [f"stored the client secret in {secret}"]


def _read(file: Path) -> str:
    try:
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError) as problem:
        raise NotPossible(f"{file} cannot be read") from problem


def marker(stack_id: str) -> str:
    """Return the key of the object that says which first account a stack has."""
    return f"first-accounts/{stack_id.rpartition('/')[2]}.json"


def has_account(code: CodeBucket, stack: Mapping[str, Any] | None) -> bool:
    """Return whether an earlier run has created the first account of a stack."""
    return stack is not None and code.read_json(marker(stack["StackId"])) is not None


def create_account(code: CodeBucket, stack: Mapping[str, Any], answers: Answers) -> str | None:
    """Create the first account and its origin, and return its token, or None if it has one. Raises NotPossible."""
    name, origin = answers.name or "", answers.origin or answers.name or ""
    try:
        token = first_account.first_account(name, answers.email or "", origin)
    except first_account.NotPossible as problem:
        raise NotPossible(str(problem)) from problem
    code.write_json(marker(stack["StackId"]), {"name": name, "origin": origin})
    return token


def url_of(stack: Mapping[str, Any]) -> str:
    """Return the URL of the depot, without /v1."""
    outputs = outputs_of(stack)
    url = outputs.get("ApiUrl") or outputs.get("EndpointURL", "")
    return url.rstrip("/").removesuffix("/v1")


def greeting(stack: Mapping[str, Any], origin: str, token: str | None, stage: str) -> str:
    """Return what to try next. The token is shown only here."""
    url = url_of(stack)
    shown = token or "..."
    lines = [f"  export HAB_BLDR_URL={url} HAB_AUTH_TOKEN={shown}"]
    if endpoint() is not None:
        lines = [
            f"  make front STAGE={stage}        # in another terminal: serves the functions of the stand-in",
            f"  export HAB_BLDR_URL=http://127.0.0.1:9636 HAB_AUTH_TOKEN={shown}",
        ]
    return "\n".join(
        [
            "",
            "Try:" if token else "The account has its token already. Try:",
            *lines,
            "  curl -i $HAB_BLDR_URL/v1/status",
            f"  hab origin key generate {origin} && hab origin key upload {origin} --url $HAB_BLDR_URL",
            "  hab pkg upload results/*.hart",
        ]
    )
