"""What is known to be wrong with the packages that functions ship: Amazon Inspector is asked about the bill of them.

Its documentation asks for the permission alone, and not that Inspector is activated. Where it does not answer, nothing
was checked, and the reason is told. A package that it has no rules for was not checked either, and is named. It must
not judge a release.
Sources: Inspector API reference, ScanSbom (CycloneDX 1.5, 5,000 components); Inspector user guide, "Using CycloneDX
namespaces with Amazon Inspector" (the properties), "Creating a custom CI/CD pipeline integration" (the answer).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from pipeline.evidence.runtime.executions import iso
from pipeline.evidence.runtime.package_model import Severity, Vulnerabilities, Vulnerability

SERVICE = "inspector-scan"
BY = "Amazon Inspector"
PATIENCE = Config(connect_timeout=5, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 3})
"""For the client: the evidence is made with this answer or without."""

_NAMESPACE = "amazon:inspector:sbom_scanner"
_SCANNED = "Component scanned"
"""So begins what it says of a package that it has looked for; of another, "Component skipped: …"."""

Document = Mapping[str, Any]


def check(scanner: Any, bill: Document, before: Document | None) -> Vulnerabilities:
    """`scanner` is a client of SERVICE; `before` are the vulnerabilities of the evidence of what prod runs, as data."""
    try:
        answer = scanner.scan_sbom(sbom=bill, outputFormat="CYCLONE_DX_1_5")["sbom"]
    except (ClientError, BotoCoreError) as exc:
        return Vulnerabilities(False, f"{BY} did not answer: {exc}")
    try:
        return _told(answer, bill, before)
    except (AttributeError, KeyError, TypeError, ValueError) as exc:
        return Vulnerabilities(False, f"{BY} has answered in a form that is not known here ({exc!r}).")


def _told(answer: Document, bill: Document, before: Document | None) -> Vulnerabilities:
    components = {one["bom-ref"]: one for one in answer.get("components", ())}
    known = _known(before)
    found = tuple(sorted(_found(answer, components, known), key=_weight))
    asked = {_package(one) for one in bill.get("components", ())}
    seen = {(one.package, one.version) for one in found}
    seen |= {_package(one) for one in components.values() if _is_scanned(one)}
    return Vulnerabilities(
        checked=True,
        reason="" if known is not None else "Which of them prod has already is not known: it was not checked.",
        checked_at=_text(answer.get("metadata", {}).get("timestamp", "")) or iso(datetime.now(UTC)),
        by=BY,
        checked_packages=len(asked & seen),
        found=found,
        unknown_packages=tuple(f"{name} {version}" for name, version in sorted(asked - seen)),
    )


def _found(
    answer: Document, components: Mapping[str, Document], known: set[tuple[str, str]] | None
) -> Iterator[Vulnerability]:
    """One for each package that a vulnerability is about."""
    for one in answer.get("vulnerabilities", ()):
        properties = _properties(one)
        for affected in one["affects"]:
            component = components[affected["ref"]]
            package, version = _package(component)
            yield Vulnerability(
                vulnerability_id=_text(one["id"]),
                package=package,
                version=version,
                severity=_severity(one.get("ratings", ())),
                fixed_version=properties.get(f"{_NAMESPACE}:fixed_version:{affected['ref']}"),
                url=_text(one.get("source", {}).get("url", "")) or None,
                is_exploited=f"{_NAMESPACE}:cisa_kev_date_added" in properties,
                is_malicious=_is_malicious(properties) or _is_malicious(_properties(component)),
                is_in_prod=None if known is None else (one["id"], package) in known,
            )


def _known(before: Document | None) -> set[tuple[str, str]] | None:
    """What prod has by now, in whatever version of a package; None where that was not checked."""
    if not isinstance(before, Mapping) or before.get("checked") is not True:
        return None
    return {(one["vulnerability_id"], one["package"]) for one in before["found"]}


def _package(component: Document) -> tuple[str, str]:
    """By the address that both documents have, for names are written in several ways: pkg:pypi/six@1.0 -> six, 1.0."""
    name, _, version = component["purl"].partition("?")[0].rpartition("/")[2].partition("@")
    return name, version


def _properties(one: Document) -> dict[str, str]:
    return {_text(found["name"]): _text(found["value"]) for found in one.get("properties", ())}


def _is_scanned(component: Document) -> bool:
    return _properties(component).get(f"{_NAMESPACE}:info", "").startswith(_SCANNED)


def _is_malicious(properties: Mapping[str, str]) -> bool:
    return properties.get(f"{_NAMESPACE}:is_malicious") == "true"


def _severity(ratings: Iterable[Document]) -> Severity:
    """The worst that anybody says. How probable an exploit is (EPSS) has the severity "none"."""
    said = [rating.get("severity", "") for rating in ratings]
    return next((severity for severity in Severity if severity in said), Severity.UNKNOWN)


def _weight(one: Vulnerability) -> tuple[bool, bool, int, str, str]:
    severity = list(Severity).index(one.severity)
    return not one.is_grave, bool(one.is_in_prod), severity, one.package, one.vulnerability_id


def _text(value: Any) -> str:
    """Raises TypeError where it is something else: the page, and who reads the evidence, would fail at it."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
