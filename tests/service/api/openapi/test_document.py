"""The committed document is that of the code, and keeps what was promised to callers."""

from __future__ import annotations

import json

from service.api.openapi import document
from service.api.openapi.__main__ import CONTRACT, HOW_TO_ACCEPT
from service.api.openapi.compatibility import breaking_changes
from service.api.openapi.routes import ROUTES
from service.api.runtime.operation import OPERATIONS
from service.api.runtime.problems import STATUSES
from service.api.runtime.routes import DOCUMENT
from tests.service.api.openapi.signatures import keyword_shapes

HOW_TO_WRITE = "run `make openapi`, and commit what it writes"


def test_committed_document_is_that_of_the_code() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document.text(), HOW_TO_WRITE


def test_contract_is_kept() -> None:
    breaks = breaking_changes(json.loads(CONTRACT.read_text(encoding="utf-8")), document.document())

    assert not breaks, "\n".join([*breaks, HOW_TO_ACCEPT])


def test_what_is_new_is_in_the_contract() -> None:
    assert json.loads(CONTRACT.read_text(encoding="utf-8")) == document.document(), HOW_TO_WRITE


def test_operations_take_what_their_routes_say() -> None:
    for route in ROUTES:
        operation = route.operation
        assert keyword_shapes(operation.function) == {
            **({"car_id": str} if "{car_id}" in route.resource else {}),
            **({"query": operation.query} if operation.query.model_fields else {}),
            **({"body": operation.body} if operation.body else {}),
        }, operation.function.__name__


def test_every_operation_has_one_route() -> None:
    assert sorted(route.operation.function.__name__ for route in ROUTES) == sorted(OPERATIONS)


def test_every_refusal_has_words_in_the_document() -> None:
    assert set(STATUSES.values()) <= document.REFUSALS.keys()


def test_every_reference_leads_somewhere() -> None:
    whole = document.document()
    references = [line.split('"')[3] for line in document.text().splitlines() if '"$ref"' in line]

    assert references
    for reference in references:
        found = whole
        for name in reference.removeprefix("#/").split("/"):
            found = found[name]
        assert found
