"""The care domain's answers as JSON (docs/OPERATING.md)."""

from collections import Counter
from typing import Any

from chalicelib.care.facts import Facts
from chalicelib.care.promotions import Answered, Wish
from chalicelib.care.retirement import Judged, Report
from chalicelib.care.store import DeprecationRow, PolicyRow


def answered(wish: Wish, answer: Answered) -> dict[str, Any]:
    """What happened to a set of packages, or would."""
    return {
        "operation": wish.operation.value.lower(),
        "channel": wish.channel,
        "from_channel": wish.source,
        "possible": answer.is_possible,
        "applied": answer.applied,
        "group": answer.group,
        "counts": Counter(planned.outcome.value for planned in answer.plan),
        "packages": [
            {"ident": planned.ident.as_json(), "target": planned.target, "outcome": planned.outcome}
            for planned in answer.plan
        ],
    }


def policy(row: PolicyRow) -> dict[str, Any]:
    """A policy; of a pass that is under way `next_after` is the name that it goes on behind."""
    said = row.policy
    return {
        "origin": row.origin,
        "keep_per_name": said.keep_per_name,
        "keep_per_channel": said.keep_per_channel,
        "older_than_days": said.older_than_days,
        "channels": sorted(said.channels),
        "set_by": row.set_by,
        "set_at": row.set_at,
        "last_pass": {
            "begun_at": row.begun_at,
            "finished_at": row.finished_at,
            "removed": int(row.removed),
            "next_after": row.cursor,
        },
    }


def report(made: Report, dry_run: bool) -> dict[str, Any]:
    """What went, or would go, and what stays for which reason."""
    gone = [_package(judged) for judged in made.judged if judged.verdict.kept_by is None]
    kept = [
        {**_package(judged), "reason": judged.verdict.kept_by, "detail": judged.verdict.detail}
        for judged in made.judged
        if judged.verdict.kept_by is not None
    ]
    return {
        "dry_run": dry_run,
        "removed": gone,
        "kept": kept,
        "complete": made.next_after is None,
        "next_after": made.next_after,
    }


def _package(judged: Judged) -> dict[str, Any]:
    return {"ident": judged.verdict.release.ident.as_json(), "target": judged.target}


def deprecation(row: DeprecationRow) -> dict[str, Any]:
    """A deprecation; `applies_to` is the name, version or release that it was said of."""
    origin = row.pk.partition("#")[2]
    return {
        "applies_to": f"{origin}/{row.sk}",
        "message": row.message,
        "replacement": row.replacement,
        "deprecated_at": row.at,
    }


def facts(found: Facts) -> dict[str, Any]:
    """A package with its history."""
    row = found.row
    return {
        "ident": found.ident.as_json(),
        "target": found.target,
        "size": int(row.size),
        "checksum": row.checksum,
        "visibility": row.visibility,
        "package_type": row.package_type.capitalize(),
        "uploaded_by": found.uploader,
        "uploaded_at": row.updated_at,
        "first_uploaded_at": row.created_at,
        "channels": [
            {"name": place.channel, "promoted_at": place.at, "promoted_by": place.by} for place in found.channels
        ],
        "deprecation": None if found.deprecation is None else deprecation(found.deprecation),
    }
