"""What must hold after a job group has ended, read from the table, the API and the workers' journal."""

import time
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from botocore.session import get_session

from tests.kills.processes import KilledStack, repeated

LEFTOVERS = ("WAITING", "SLOTS", "JOB-TOKEN", "OPEN-GROUPS", "GROUP-GUARD", "UNARCHIVED")
"""Kinds of rows that exist only while a group runs."""

TIDY_SECONDS = 30.0

Rows = dict[str, list[dict[str, Any]]]


class Verdict:
    """Finds faults of a group that has ended. `earlier` are the idents of the releases before the group."""

    def __init__(self, stack: KilledStack, client: httpx.Client, group_id: int, earlier: set[str]) -> None:
        self._stack, self._client, self._group, self._earlier = stack, client, group_id, earlier
        self.jobs: list[dict[str, Any]] = []

    def faults(self, journal: Path) -> list[str]:
        """Return one line for each fault."""
        deadline = time.monotonic() + TIDY_SECONDS
        while self._unfinished() and time.monotonic() < deadline:
            time.sleep(0.5)
        rows = rows_of(self._stack)
        self.jobs = [row for row in rows["JOB"] if row.get("group_id") == str(self._group)]
        return [*self._unfinished(), *self._of_entries(rows), *self._of_builds(journal), *self._of_logs()]

    def _unfinished(self) -> list[str]:
        rows = rows_of(self._stack)
        left = [f"a row is left: {row['pk']} {row['sk']}" for kind in LEFTOVERS for row in rows[kind]]
        jobs = (row for row in rows["JOB"] if row.get("group_id") == str(self._group))
        return left + [f"the log of job {row['id']} is not archived" for row in jobs if not row.get("is_archived")]

    def _of_entries(self, rows: Rows) -> list[str]:
        path = f"/depot/pkgs/schedule/{self._group}"
        group = repeated(lambda: self._client.get(path, params={"include_projects": "true"}), (200,)).json()
        new = defaultdict(list)
        for row in rows["RELEASES"]:
            if row["ident"] not in self._earlier:
                new[row["ident"].rpartition("/")[0].rpartition("/")[0]].append(row["ident"])
        standings = {f"{row['pk'].partition('#')[2]}/{row['sk']}": row["standing"] for row in rows["IDENTS"]}
        faults = [] if group["state"] == "Complete" else [f"the group is {group['state']}"]
        for project in group["projects"]:
            releases = new[project["name"]]
            if project["state"] != "Success":
                faults.append(f"{project['name']} is {project['state']}: {self._job_of(project['name'])}")
            elif releases != [project["ident"]]:
                faults.append(f"{project['name']} has the new releases {releases}, and shows {project['ident']}")
            elif f'"bldr-{self._group}"' not in standings[releases[0]]:
                faults.append(f"{project['ident']} is only in {standings[releases[0]]}")
        return faults

    def _job_of(self, name: str) -> list[dict[str, Any]]:
        return [row for row in self.jobs if f"{row['origin']}/{row['name']}" == name]

    def _of_builds(self, journal: Path) -> list[str]:
        uploaded: dict[str, str] = {}
        faults = []
        for line in journal.read_text().splitlines():
            kind, job, *rest = line.split()
            if kind == "build" and job in uploaded:
                faults.append(f"job {job} was built in attempt {rest[0]} after the upload of {uploaded[job]}")
            elif kind == "uploaded":
                uploaded.setdefault(job, rest[1])
        return faults

    def _of_logs(self) -> list[str]:
        faults = []
        for job in self.jobs:
            log = repeated(partial(self._client.get, f"/jobs/{job['id']}/log"), (200,)).json()
            lines = log["content"]
            if not log["is_complete"] or len(lines) != int(job.get("log_lines", 0)):
                faults.append(f"the log of job {job['id']} has {len(lines)} of {job.get('log_lines')} lines")
            elif lines and lines[0] != f"builder_log::start::{job['id']}":
                faults.append(f"the log of job {job['id']} begins with {lines[0]!r}")
        return faults


def rows_of(stack: KilledStack) -> Rows:
    """Return all rows of the table by the kind of their partition, with texts in place of numbers."""
    client = get_session().create_client(
        "dynamodb", "us-east-1", endpoint_url=stack.engine.url, aws_access_key_id="test", aws_secret_access_key="test"
    )
    pages = client.get_paginator("scan").paginate(TableName="bldr", ConsistentRead=True)
    found: Rows = defaultdict(list)
    for page in pages:
        for item in page["Items"]:
            row = {name: next(iter(value.values())) for name, value in item.items()}
            found[row["pk"].partition("#")[0]].append(row)
    return found


def releases(stack: KilledStack) -> set[str]:
    """Return the idents of all releases."""
    return {row["ident"] for row in rows_of(stack)["RELEASES"]}
