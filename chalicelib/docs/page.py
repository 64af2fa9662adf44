"""A page that lists every operation and its permission. Plain HTML that needs no other file."""

import base64
import hashlib
from collections.abc import Iterable
from html import escape

from chalicelib.docs.openapi import TITLE
from chalicelib.docs.prose import permission, scope, summary
from chalicelib.http.routes import Route

STYLE = (
    "body{font:16px/1.5 sans-serif;margin:2em auto;max-width:75em;padding:0 1em}"
    "td{padding:.2em .8em .2em 0;vertical-align:top}"
)

_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
"""Headers of the page. Browsers apply its own style sheet and load or run nothing else."""


def html(routes: Iterable[Route]) -> str:
    """Return the page for some routes, by path."""
    rows = "\n".join(_row(route) for route in sorted(routes, key=lambda route: (route.path, route.method)))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{TITLE} API</title><style>{STYLE}</style>\n'
        f'<h1>{TITLE} API</h1><p>All paths are below <code>/v1</code>. <a href="openapi.json">OpenAPI</a></p>\n'
        f"<table>\n{rows}\n</table></html>"
    )


def _row(route: Route) -> str:
    permissions = f"{permission(route)} {scope(route)}".replace("`", "")
    cells = (f"<code>{escape(route.name)}</code>", escape(summary(route)), escape(permissions))
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
