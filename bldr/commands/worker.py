"""`bldr worker`: claim jobs of a Builder, build their packages and publish them."""

import math
import os
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import click
from msgspec import Struct

from bldr import config
from bldr.address import Address
from bldr.cache import cache_folder
from bldr.commands.options import TargetType, token_file_type
from bldr.config import Credentials
from bldr.errors import NotConfigured
from bldr.host import host_target
from bldr.output import counted
from bldr.worker import work_folder
from bldr.worker.checkout import CheckoutRules, require_git
from bldr.worker.errors import WorkerUnusable
from bldr.worker.hab_strategy import HabStrategy
from bldr.worker.job_run import JobSettings
from bldr.worker.plain_strategy import PlainStrategy
from bldr.worker.retrying import StepRetries
from bldr.worker.sandbox import Isolation, ResourceLimits, Sandbox, best_isolation
from bldr.worker.strategy import Strategy
from bldr.worker.work_client import WorkClient
from bldr.worker.worker import Pauses, Worker, say
from chalicelib.core.target import Target

TOKEN = "BLDR_WORKER_TOKEN"
KILLED = 137
MIB, GIB = 1 << 20, 1 << 30


class Options(Struct):
    """The options of the command. Times are in seconds, `memory` is in MiB, `disk` in GiB."""

    target: Target | None
    url: str | None
    token_file: Path | None
    name: str
    kind: str
    hab: str
    once: bool
    idle_seconds: float
    work_folder: Path | None
    allow_file: bool
    allow_http: bool
    allow_unisolated: bool
    grace: float
    retry_seconds: float
    claim_seconds: float
    memory: int
    disk: float
    processes: int


def _number(name: str, kind: click.ParamType[Any], default: float, unit: str, text: str) -> Callable[..., Any]:
    """Return an option whose value is a number with a default that `--help` shows."""
    return click.option(name, type=kind, default=default, show_default=True, metavar=unit, help=text)


@click.command()
@click.option("--target", type=TargetType(), help="Target to build for. Default: the target of this machine.")
@click.option("-u", "--url", metavar="URL", help="URL of the Builder. Default: HAB_BLDR_URL, then hab's cli.toml.")
@click.option(
    "--token-file",
    type=token_file_type,
    help=f"File that contains the credential of the worker; - is standard input. Default: {TOKEN}.",
)
@click.option("--name", default=socket.gethostname, help="Name of the worker. Default: the name of this machine.")
@click.option("--strategy", "kind", type=click.Choice(["hab", "plain"]), default="hab", show_default=True)
@click.option("--hab", default="hab", show_default=True, metavar="PATH", help="The program of the strategy hab.")
@click.option("--once", is_flag=True, help="End after one job.")
@click.option("--idle-seconds", type=click.FloatRange(min=0), default=math.inf, help="End if no job comes for so long.")
@click.option(
    "--work-folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Private folder for checkouts and builds. Default: a folder in the user's cache folder.",
)
@click.option("--allow-file", is_flag=True, help="Allow repositories on this machine (file://).")
@click.option("--allow-http", is_flag=True, help="Allow a Builder without TLS that is not on this machine.")
@click.option("--allow-unisolated", is_flag=True, help="Run plain builds even if this machine cannot isolate them.")
@_number(
    "--grace", click.FloatRange(min=0), 10, "SECONDS", "How long a job may run after SIGTERM before it is given back."
)
@_number(
    "--retry-seconds", click.FloatRange(min=0), 60, "SECONDS", "Pause before a step repeats a request that failed."
)
@_number("--claim-seconds", click.FloatRange(0, 20), 20, "SECONDS", "How long a claim waits at the Builder for a job.")
@_number("--memory", click.IntRange(min=64), 8192, "MIB", "Memory of each process of a plain build.")
@_number("--disk", click.FloatRange(min=0.01), 20, "GIB", "Disk space of a plain build.")
@_number("--processes", click.IntRange(min=16), 1024, "NUMBER", "Processes of a plain build.")
def worker(**options: Any) -> None:
    """Build packages for a Builder until SIGTERM or Ctrl-C, one job at a time.

    The credential of the worker is BLDR_WORKER_TOKEN or a file; an administrator of the origin, or the operator, makes
    it. The first SIGTERM or Ctrl-C claims no more jobs and gives the running one back after the grace; the second one
    kills the build and ends at once.
    """
    _run(Options(**options))


def _run(options: Options) -> None:
    require_git()
    folder = (options.work_folder or cache_folder() / "worker").absolute()
    work_folder.occupy(folder)
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")  # unfinished uploads are kept with the worker's own files
    client = WorkClient(_credentials(options), options.name)
    strategy = _strategy(options, folder)
    target = options.target or host_target()
    retries = StepRetries(seconds=options.retry_seconds)
    settings = JobSettings(folder / work_folder.JOBS, CheckoutRules(options.allow_file), retries)
    program = Worker(client, target, strategy, settings, Pauses(wait=options.claim_seconds))
    _end_on_signals(program, options.grace)
    say(f"worker {options.name} for {target} at {client.address}; {strategy.describe()}")
    done = program.run(options.once, options.idle_seconds)
    say(f"worker {options.name} ended after {counted(done, 'job')}")


def _credentials(options: Options) -> Credentials:
    """Return the address and the credential of the worker, and take the credential out of the environment."""
    configured_url = options.url or config.setting(config.URL)
    if not configured_url:
        raise NotConfigured(f"no Builder is configured; set {config.URL} or pass --url")
    in_environment = os.environ.pop(TOKEN, None)
    token = config.checked_token(config.read_token(options.token_file) or in_environment)
    if token is None:
        raise NotConfigured(f"the worker has no credential; set {TOKEN} or pass --token-file")
    address = Address.parse(configured_url)
    if not (options.allow_http or address.base.startswith("https://") or address.is_local):
        raise WorkerUnusable(
            f"{address} has no TLS, and jobs contain secrets; use https://, or pass --allow-http if the network is safe"
        )
    return Credentials(address, token)


def _strategy(options: Options, folder: Path) -> Strategy:
    if options.kind == "hab":
        return HabStrategy(options.hab)
    isolation = best_isolation()
    if isolation is Isolation.NONE and not options.allow_unisolated:
        raise WorkerUnusable(
            "this machine does not allow namespaces (unshare), so the code of plans would run with all rights of this "
            "user; pass --allow-unisolated if you trust all plans"
        )
    limits = ResourceLimits(memory_bytes=options.memory * MIB, processes=options.processes)
    return PlainStrategy(Sandbox(isolation), folder / "archives", limits, round(options.disk * GIB))


def _end_on_signals(program: Worker, grace: float) -> None:
    """On the first signal end the worker, on the second one kill the build and the worker."""

    def on_signal(number: int, _: FrameType | None) -> None:
        if program.is_ending:
            program.kill()
            os._exit(KILLED)
        say(f"{signal.Signals(number).name}: no more jobs are claimed; a second signal kills the running build")
        program.end(grace)

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, on_signal)
        signal.signal(signal.SIGINT, on_signal)
