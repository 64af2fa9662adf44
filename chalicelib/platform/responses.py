"""Parses DynamoDB's responses with rows by msgspec.

botocore compares every value of every row with its model of the service, which takes most of the CPU time of a page of
a list. The rows are the same here: attribute values by type, with binary values decoded.
"""

from http import HTTPStatus
from typing import Any, TypedDict

from botocore.exceptions import ResponseStreamingError
from botocore.parsers import JSONParser, ResponseParserFactory
from msgspec import DecodeError
from msgspec.json import Decoder


class Value(TypedDict, total=False):
    """The value of an attribute, by its type."""

    S: str
    N: str
    B: bytes
    BOOL: bool
    NULL: bool
    SS: list[str]
    NS: list[str]
    BS: list[bytes]
    L: list["Value"]
    M: dict[str, "Value"]


Attributes = dict[str, Value]


class GetItemOutput(TypedDict, total=False):
    """The answer to GetItem."""

    Item: Attributes


class BatchGetItemOutput(TypedDict, total=False):
    """The answer to BatchGetItem. The keys of this service are texts."""

    Responses: dict[str, list[Attributes]]
    UnprocessedKeys: dict[str, Any]


class QueryOutput(TypedDict, total=False):
    """The answer to Query."""

    Items: list[Attributes]
    Count: int
    ScannedCount: int
    LastEvaluatedKey: Attributes


class UpdateItemOutput(TypedDict, total=False):
    """The answer to UpdateItem."""

    Attributes: Attributes


_DECODERS: dict[str, Decoder[Any]] = {
    shape.__name__: Decoder(shape) for shape in (GetItemOutput, BatchGetItemOutput, QueryOutput, UpdateItemOutput)
}
"""By botocore's names of the shapes."""


class RowsParser(JSONParser):  # type: ignore[misc]  # botocore has no types
    """Parses the successful responses that have rows. botocore parses all others."""

    def parse(self, response: Any, shape: Any) -> Any:
        """Return the members of a response. Raises ResponseStreamingError if the body is not complete."""
        decoder = None if shape is None else _DECODERS.get(shape.name)
        status = response["status_code"]
        if decoder is None or status >= HTTPStatus.MULTIPLE_CHOICES:
            return super().parse(response, shape)
        try:
            parsed = decoder.decode(response["body"])
        except DecodeError as problem:
            raise ResponseStreamingError(error=problem) from problem
        parsed["ResponseMetadata"] = {"HTTPStatusCode": status}
        return parsed


class RowsParserFactory(ResponseParserFactory):  # type: ignore[misc]  # botocore has no types
    """Creates the parsers of botocore's clients, that of the JSON protocols once."""

    def __init__(self) -> None:
        super().__init__()
        self._json = RowsParser()

    def create_parser(self, protocol_name: str) -> Any:
        """Return the parser of a protocol."""
        return self._json if protocol_name == "json" else super().create_parser(protocol_name)
