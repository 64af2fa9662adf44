"""Entry point of the `bldr` program and of `python -m bldr`."""

import os
import sys

import click

from bldr.cli import bldr

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells report it."""


def main() -> None:
    """Run a command and exit with its code. Ctrl-C exits at once, because every command can be repeated safely."""
    try:
        code = bldr.main(prog_name="bldr", standalone_mode=False)
    except click.ClickException as problem:
        problem.show()
        sys.exit(problem.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("bldr: interrupted; run the same command again to continue", err=True)
        sys.stdout.flush()
        os._exit(INTERRUPTED)  # sys.exit would wait for threads in the middle of a transfer
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
