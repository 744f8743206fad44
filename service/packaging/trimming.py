"""What of the layer's packages stays out of it, because no function needs it: smaller, and quicker at a cold start.

Code that can be imported stays as it was published, but for packages that import all they have (deferring.py); what
goes are packages nobody imports, and data: descriptions of other AWS services, documentation inside of those that are
used, certificates that AWS does not use. docs/performance.md has what each brings. It must not know how packages are
installed.
"""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Any

from service.packaging.deferring import defer_imports

UNREPRODUCIBLE = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json")
"""Files of a *.dist-info folder that the installer writes, about this machine."""

UNUSED = (
    *(
        f"aws_lambda_powertools/event_handler/{name}"
        for name in (
            *("appsync.py", "bedrock_agent.py", "bedrock_agent_function.py", "events_appsync", "graphql_appsync"),
            *("http_resolver.py", "lambda_function_url.py", "vpc_lattice.py"),
            *("middlewares", "openapi/swagger_ui", "openapi/compat.py", "openapi/dependant.py", "openapi/encoders.py"),
            *("openapi/merge.py", "openapi/models.py", "openapi/params.py", "openapi/pydantic_loader.py"),
            "openapi/schema_generator.py",
        )
    ),
    "aws_lambda_powertools/utilities/auth_alpha",
    "aws_lambda_powertools/utilities/circuit_breaker",
    "aws_lambda_powertools/utilities/data_masking",
    "aws_lambda_powertools/utilities/feature_flags",
    "aws_lambda_powertools/utilities/idempotency",
    "aws_lambda_powertools/utilities/kafka",
    "aws_lambda_powertools/utilities/streaming",
    "aws_lambda_powertools/utilities/validation",
    "boto3/data",
    "boto3/examples",
    "boto3/ec2",
    "dateutil/zoneinfo/dateutil-zoneinfo.tar.gz",
    "pydantic/experimental",
    "pydantic/mypy.py",
    "pydantic/v1",
    "urllib3/contrib/emscripten",
)
"""Never imported by what the functions import (tests/service/test_service_stage.py imports it all without).

Powertools' `parser` is: by its `batch`, wherever pydantic is. Of its event handler what stays is the resolver of REST
APIs without validation and OpenAPI of its own, which no function pays for. A missing one is an error: an update.
"""

GATHERING = (
    "aws_lambda_powertools/event_handler",
    "aws_lambda_powertools/event_handler/openapi",
    "aws_lambda_powertools/utilities/data_classes",
)
"""Packages that import every module they have, to offer its names: few of Powertools' events and resolvers are used."""

TRUSTED_AUTHORITIES = (
    *(f"Amazon Root CA {number}" for number in (1, 2, 3, 4)),
    "Starfield Services Root Certificate Authority - G2",
)
"""The five that Amazon Trust Services asks custom trust stores to hold (amazontrust.com/repository); botocore has 127.

Reading them takes longer than shaking hands. AWS_CA_BUNDLE still names others, as behind a proxy that opens TLS.
"""


class TrimmingFailed(Exception):
    """A package is not laid out as it was: the message says what is missing, and what to look at."""


def trim(python: Path, aws_services: Collection[str]) -> None:
    """Takes out of the packages in the folder `python` what stays out. `aws_services` are those that are called."""
    shutil.rmtree(python / "bin", ignore_errors=True)
    (python / ".lock").unlink(missing_ok=True)
    for name in UNREPRODUCIBLE:
        for file in python.glob(f"*.dist-info/{name}"):
            file.unlink()
    for metadata in python.glob("*.dist-info/METADATA"):
        _trim_metadata(metadata)
    for name in UNUSED:
        _remove(python / name)
    for name in GATHERING:
        defer_imports(python / name / "__init__.py", name.replace("/", "."))
    _trim_descriptions(python / "botocore" / "data", aws_services)
    _trim_authorities(python / "botocore" / "cacert.pem")


def _trim_metadata(file: Path) -> None:
    """Leaves name, version and licence, and not the README that follows them ("Core metadata specifications")."""
    headers, _, _ = file.read_text().partition("\n\n")
    file.write_text(headers + "\n")


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    elif path.exists():
        path.unlink()
    else:
        raise TrimmingFailed(
            f"{path} is to be left out of the layer, and is not there: a package has changed. "
            "Look for where it went, and mend service/packaging/trimming.py."
        )


def _trim_descriptions(data: Path, aws_services: Collection[str]) -> None:
    """Leaves of botocore's data the newest description of each service: every operation, and no documentation."""
    endpoint_prefixes = set()
    for folder in sorted(data.iterdir()):
        if not folder.is_dir():
            continue
        if folder.name not in aws_services:
            shutil.rmtree(folder)
            continue
        *older, newest = sorted(version.name for version in folder.iterdir())
        for version in older:
            shutil.rmtree(folder / version)
        for examples in (folder / newest).glob("examples-*"):
            examples.unlink()
        compressed = folder / newest / "service-2.json.gz"
        description = json.loads(gzip.decompress(compressed.read_bytes()))
        compressed.unlink()
        _write(folder / newest / "service-2.json", _without_documentation(description))
        endpoint_prefixes.add(description["metadata"]["endpointPrefix"])
    endpoints = json.loads((data / "endpoints.json").read_text())
    for partition in endpoints["partitions"]:
        services = partition["services"]
        partition["services"] = {name: services[name] for name in services if name in endpoint_prefixes}
    _write(data / "endpoints.json", endpoints)


def _without_documentation(part: Any) -> Any:
    """Only texts go: a member or a shape that happens to be called "documentation" is an object, and stays."""
    if isinstance(part, dict):
        return {
            name: _without_documentation(value)
            for name, value in part.items()
            if not (name == "documentation" and isinstance(value, str))
        }
    if isinstance(part, list):
        return [_without_documentation(value) for value in part]
    return part


def _write(file: Path, content: object) -> None:
    file.write_text(json.dumps(content, separators=(",", ":")))


def _trim_authorities(ca_bundle: Path) -> None:
    """`ca_bundle` has a block for each certificate: comments (`# Label: "Amazon Root CA 1"`), then its PEM."""
    blocks = ca_bundle.read_text().strip().split("\n\n")
    kept = [block for block in blocks if any(f'# Label: "{name}"\n' in block for name in TRUSTED_AUTHORITIES)]
    if len(kept) != len(TRUSTED_AUTHORITIES):
        raise TrimmingFailed(
            f"{ca_bundle} has {len(kept)} of the {len(TRUSTED_AUTHORITIES)} authorities that AWS uses."
        )
    ca_bundle.write_text("\n\n".join(kept) + "\n")
