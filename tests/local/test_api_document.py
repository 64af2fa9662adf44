"""docs/API.md describes every operation as it is declared."""

import re

from app import app
from local.api_document import COMMAND, DOCUMENT, markdown

MAX_LINES = 1_500
"""A document that people read. The descriptions of all statuses are in the OpenAPI document."""


def test_the_document_is_current() -> None:
    assert DOCUMENT.read_text() == markdown(app.declared), f"run {COMMAND}"
    assert len(DOCUMENT.read_text().splitlines()) <= MAX_LINES


def test_every_operation_is_in_it_and_every_link_leads_somewhere() -> None:
    text = DOCUMENT.read_text()
    headings = re.findall(r"^###? (.+)$", text, re.MULTILINE)
    anchors = set(re.findall(r'<a id="([^"]+)">', text)) | {heading.lower().replace(" ", "-") for heading in headings}

    for route in (route for route in app.declared if route.can_succeed):
        assert f"[`{route.name}`]" in text
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= anchors
    assert len(headings) == len(set(headings))
