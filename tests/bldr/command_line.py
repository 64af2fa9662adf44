"""The command line as tests run it: in this process, with a separate environment."""

import json
from dataclasses import dataclass, field
from typing import Any

from click.testing import CliRunner, Result

from bldr.cli import bldr
from bldr.http_transport import RetryPolicy

FAST_RETRIES = RetryPolicy(retries=2, base_delay=0.01, max_delay=0.02)


@dataclass(frozen=True)
class CommandLine:
    """Runs `bldr` commands with environment variables."""

    environment: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: object, stdin: str | None = None, **environment: str) -> Result:
        """Run a command and return its result. Raises unexpected exceptions of the command."""
        result = CliRunner(env={**self.environment, **environment}).invoke(
            bldr, [str(argument) for argument in arguments], input=stdin, obj=FAST_RETRIES
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def succeeds(self, *arguments: object, stdin: str | None = None, **environment: str) -> str:
        """Run a command, require exit code 0 and return its standard output."""
        result = self.run(*arguments, stdin=stdin, **environment)
        assert result.exit_code == 0, result.output
        return result.stdout

    def fails(self, *arguments: object, stdin: str | None = None, **environment: str) -> str:
        """Run a command, require exit code 1 and return its standard output and standard error."""
        result = self.run(*arguments, stdin=stdin, **environment)
        assert result.exit_code == 1, result.output
        return result.output

    def json(self, *arguments: object, **environment: str) -> Any:
        """Run a command with `--json` and return its decoded output."""
        return json.loads(self.succeeds(*arguments, "--json", **environment))
