"""AWS Query: parameters as a form (`Dimensions.member.1.Name=…`), the answer as XML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from rehearsal.aws.edge.protocol.protocol import WireAnswer, unreadable
from rehearsal.aws.edge.protocol.values import as_utc, convert, read_blob, read_timestamp, write_blob
from rehearsal.aws.edge.signature import SignedRequest
from rehearsal.aws.service_api import ApiError

_CONTENT_TYPE = "text/xml"


class QueryProtocol:
    """See the module."""

    def operation(self, request: SignedRequest) -> str:
        return _form(request).get("Action", "")

    def decode(self, request: SignedRequest, model: OperationModel) -> dict[str, Any]:
        if model.input_shape is None:
            return {}
        try:
            parameters: dict[str, Any] = _read(_tree(_form(request)), model.input_shape)
        except (ValueError, AttributeError, TypeError) as exc:
            raise unreadable(str(exc)) from exc
        return parameters

    def encode(self, result: Mapping[str, Any], model: OperationModel, request_id: str) -> WireAnswer:
        namespace = str(model.metadata.get("xmlNamespace", ""))
        root = ElementTree.Element(f"{model.name}Response", {"xmlns": namespace} if namespace else {})
        if model.output_shape is not None:
            wrapper = model.output_shape.serialization.get("resultWrapper", f"{model.name}Result")
            _write(root, wrapper, convert(result, model.output_shape, _scalar_text), model.output_shape)
        metadata = ElementTree.SubElement(root, "ResponseMetadata")
        ElementTree.SubElement(metadata, "RequestId").text = request_id
        return WireAnswer(200, _CONTENT_TYPE, ElementTree.tostring(root))

    def encode_error(self, error: ApiError, request_id: str) -> WireAnswer:
        root = ElementTree.Element("ErrorResponse")
        details = ElementTree.SubElement(root, "Error")
        fault = "Sender" if error.status < 500 else "Receiver"
        for name, text in (("Type", fault), ("Code", error.code), ("Message", error.message)):
            ElementTree.SubElement(details, name).text = text
        ElementTree.SubElement(root, "RequestId").text = request_id
        return WireAnswer(error.status, _CONTENT_TYPE, ElementTree.tostring(root))


def _form(request: SignedRequest) -> dict[str, str]:
    query = request.target.partition("?")[2]
    return dict(parse_qsl(query, keep_blank_values=True) + parse_qsl(request.body.decode(), keep_blank_values=True))


def _tree(form: Mapping[str, str]) -> dict[str, Any]:
    """`{"A.member.1.B": "x"}` -> `{"A": {"member": {"1": {"B": "x"}}}}`."""
    tree: dict[str, Any] = {}
    for name, text in form.items():
        *path, last = name.split(".")
        node = tree
        for part in path:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                raise ValueError(f"{name} contradicts a shorter name")
        node[last] = text
    return tree


def _read(node: Any, shape: Shape) -> Any:
    if isinstance(shape, StructureShape):
        named = {_wire_name(member, name): (name, member) for name, member in shape.members.items()}
        return {named[key][0]: _read(child, named[key][1]) for key, child in node.items() if key in named}
    if isinstance(shape, ListShape):
        if node == "":
            return []
        items = node if _is_flattened(shape) else node.get(_wire_name(shape.member, "member"), {})
        return [_read(items[index], shape.member) for index in sorted(items, key=int)]
    if isinstance(shape, MapShape):
        entries = node if _is_flattened(shape) else node.get("entry", {})
        key_name, value_name = _wire_name(shape.key, "key"), _wire_name(shape.value, "value")
        ordered = [entries[index] for index in sorted(entries, key=int)]
        return {entry[key_name]: _read(entry[value_name], shape.value) for entry in ordered}
    return _read_scalar(node, shape)


def _read_scalar(text: str, shape: Shape) -> Any:
    match shape.type_name:
        case "integer" | "long":
            return int(text)
        case "double" | "float":
            return float(text)
        case "boolean":
            return text.lower() == "true"
        case "timestamp":
            return read_timestamp(text)
        case "blob":
            return read_blob(text)
        case _:
            return text


def _scalar_text(value: Any, shape: Shape) -> str:
    match shape.type_name:
        case "boolean":
            return "true" if value else "false"
        case "timestamp":
            return as_utc(value).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case "blob":
            return write_blob(value)
        case _:
            return str(value)


def _write(parent: ElementTree.Element, name: str, value: Any, shape: Shape) -> None:
    if isinstance(shape, StructureShape):
        element = ElementTree.SubElement(parent, name)
        for member_name, member in value.items():
            member_shape = shape.members[member_name]
            _write(element, _wire_name(member_shape, member_name), member, member_shape)
    elif isinstance(shape, ListShape):
        flattened = _is_flattened(shape)
        element = parent if flattened else ElementTree.SubElement(parent, name)
        for item in value:
            _write(element, name if flattened else _wire_name(shape.member, "member"), item, shape.member)
    elif isinstance(shape, MapShape):
        element = ElementTree.SubElement(parent, name)
        for key, item in value.items():
            entry = ElementTree.SubElement(element, "entry")
            ElementTree.SubElement(entry, _wire_name(shape.key, "key")).text = key
            _write(entry, _wire_name(shape.value, "value"), item, shape.value)
    else:
        ElementTree.SubElement(parent, name).text = value


def _wire_name(shape: Shape, default: str) -> str:
    return str(shape.serialization.get("name", default))


def _is_flattened(shape: Shape) -> bool:
    return bool(shape.serialization.get("flattened", False))
