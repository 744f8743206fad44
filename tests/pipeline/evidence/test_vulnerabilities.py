"""What Amazon Inspector knows of the packages, what it does not, and that silence is never "none"."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from pipeline.evidence.runtime.model import Line, Weight
from pipeline.evidence.runtime.package_model import Package, Severity, Vulnerabilities
from pipeline.evidence.runtime.packages import bill_of_materials
from pipeline.evidence.runtime.page import page
from pipeline.evidence.runtime.verdict import verdict
from pipeline.evidence.runtime.vulnerabilities import SERVICE, check
from tests.pipeline.evidence.test_page import evidence

BILL = json.loads(
    bill_of_materials(
        [Package("pydantic_core", "2.0", "MIT"), Package("requests", "2.0", None), Package("six", "1.0", None)],
        name="Release",
        version="c1",
    )
)
PREFIX = "amazon:inspector:sbom_scanner"


def component(ref: str, purl: str, **properties: str) -> dict[str, Any]:
    told = [{"name": f"{PREFIX}:{name}", "value": value} for name, value in properties.items()]
    return {"bom-ref": ref, "type": "library", "name": "?", "purl": purl, "properties": told}


def vulnerability(name: str, ref: str, *severities: str, **properties: str) -> dict[str, Any]:
    return {
        "bom-ref": "vuln-1",
        "id": name,
        "source": {"name": "NVD", "url": f"https://nvd.nist.gov/vuln/detail/{name}"},
        "ratings": [{"severity": severity, "method": "CVSSv31"} for severity in severities],
        "affects": [{"ref": ref}],
        "properties": [{"name": f"{PREFIX}:{key}", "value": value} for key, value in properties.items()],
    }


def answer(*vulnerabilities: dict[str, Any]) -> dict[str, Any]:
    """As "Creating a custom CI/CD pipeline integration" has it: bom-refs are its own, names may differ."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "metadata": {"timestamp": "2026-11-30T09:00:00.000Z"},
        "components": [
            component("comp-1", "pkg:pypi/requests@2.0"),
            component("comp-2", "pkg:pypi/pydantic-core@2.0", info="Component scanned: no known vulnerabilities."),
            component("comp-3", "pkg:pypi/six@1.0", info="Component skipped: no supported rules found."),
        ],
        **({"vulnerabilities": list(vulnerabilities)} if vulnerabilities else {}),
    }


@pytest.fixture
def inspector() -> Iterator[tuple[Any, Stubber]]:
    client: Any = boto3.client(
        "inspector-scan", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="s"
    )
    with Stubber(client) as stubber:
        yield client, stubber


@pytest.fixture
def asked(inspector: tuple[Any, Stubber]) -> Any:
    """`asked(answer, before)` is what is told of it."""
    client, stubber = inspector

    def ask(sbom: dict[str, Any], before: dict[str, Any] | None = None) -> Vulnerabilities:
        stubber.add_response("scan_sbom", {"sbom": sbom}, {"sbom": BILL, "outputFormat": "CYCLONE_DX_1_5"})
        return check(client, BILL, before)

    return ask


def lines(found: Vulnerabilities) -> list[Line]:
    made = evidence()
    facts = {field.name: getattr(made, field.name) for field in dataclasses.fields(made)}
    names = ("changes", "tests", "canary", "packages", "rollback", "cost", "in_prod")
    asked = {name: facts[name] for name in names}
    all_lines = verdict(**asked, vulnerabilities=found, was_released=True)
    return [line for line in all_lines if line.anchor == "vulnerabilities"]


def test_bill_is_in_the_version_that_inspector_reads() -> None:
    assert (BILL["specVersion"], SERVICE) == ("1.5", "inspector-scan")


def test_vulnerability_is_told_with_package_severity_and_the_version_that_has_it_not(asked: Any) -> None:
    # given
    fixed = {"fixed_version:comp-1": "2.1", "cisa_kev_date_added": "2026-01-01T00:00:00Z"}
    # when: EPSS rates "none", and the worst that anybody else says counts
    found = asked(answer(vulnerability("CVE-2026-1", "comp-1", "none", "medium", "high", **fixed)))
    # then
    (one,) = found.found
    assert (one.vulnerability_id, one.package, one.version) == ("CVE-2026-1", "requests", "2.0")
    assert (one.severity, one.fixed_version, one.is_exploited, one.is_malicious) == (Severity.HIGH, "2.1", True, False)
    assert (found.checked_at, found.by) == ("2026-11-30T09:00:00.000Z", "Amazon Inspector")
    look, unknown = lines(found)
    assert look == Line(
        Weight.LOOK,
        "1 grave known vulnerability: CVE-2026-1 (high, exploited) in requests 2.0, fixed in 2.1.",
        "vulnerabilities",
    )
    assert unknown.weight is Weight.UNKNOWN


def test_packages_without_rules_are_named_and_count_as_not_checked(asked: Any) -> None:
    found = asked(answer())
    assert (found.checked_packages, found.unknown_packages) == (1, ("requests 2.0", "six 1.0"))
    unknown, good = lines(found)
    assert good.text == "No vulnerability is known of 1 package that Amazon Inspector has checked."
    assert unknown.text.startswith("Known vulnerabilities: not checked of requests 2.0, six 1.0.")


def test_answer_that_says_of_no_package_that_it_was_scanned_is_nothing_good(asked: Any) -> None:
    (only,) = lines(asked({"bomFormat": "CycloneDX", "specVersion": "1.5"}))
    assert only.weight is Weight.UNKNOWN


def test_what_is_new_is_told_from_what_prod_has(asked: Any) -> None:
    # given: prod has one of them, in another version of the package
    first = asked(answer(vulnerability("CVE-2026-1", "comp-1", "critical")))
    before = json.loads(json.dumps(dataclasses.asdict(first)))
    # when
    found = asked(
        answer(vulnerability("CVE-2026-1", "comp-1", "critical"), vulnerability("CVE-2026-2", "comp-2", "high")), before
    )
    # then: the new one first, though it is less severe
    assert [(one.vulnerability_id, one.is_in_prod) for one in found.found] == [
        ("CVE-2026-2", False),
        ("CVE-2026-1", True),
    ]
    assert lines(found)[0].text.startswith("2 grave known vulnerabilities, 1 of them new to prod: CVE-2026-2 (high)")
    assert (first.found[0].is_in_prod, first.reason[:5], found.reason) == (None, "Which", "")
    # and where there are no others
    told = [lines(dataclasses.replace(found, found=(one,)))[0].text for one in found.found]
    assert [text.partition(":")[0] for text in told] == [
        "1 grave known vulnerability, new to prod",
        "1 grave known vulnerability, in prod already",
    ]


@pytest.mark.parametrize(
    ("severities", "properties", "is_grave"),
    [
        (("low", "medium"), {}, False),
        (("high",), {}, True),
        ((), {}, True),
        (("low",), {"is_malicious": "true"}, True),
    ],
)
def test_unknown_severity_and_malice_are_grave(
    asked: Any, severities: tuple[str, ...], properties: dict[str, str], is_grave: bool
) -> None:
    found = asked(answer(vulnerability("CVE-2026-1", "comp-1", *severities, **properties)))
    assert found.found[0].is_grave is is_grave
    assert (lines(found)[0].weight is Weight.LOOK) is is_grave


def test_gravest_that_is_new_to_prod_comes_first(asked: Any) -> None:
    before = {"checked": True, "found": [{"vulnerability_id": "CVE-known", "package": "requests"}]}

    found = asked(
        answer(
            vulnerability("CVE-low", "comp-1", "low"),
            vulnerability("CVE-known", "comp-1", "critical"),
            vulnerability("CVE-high", "comp-3", "high"),
            vulnerability("CVE-critical", "comp-3", "critical"),
        ),
        before,
    )

    names = [one.vulnerability_id for one in found.found]
    assert names == ["CVE-critical", "CVE-high", "CVE-known", "CVE-low"]


def test_malice_that_is_said_of_the_package_counts(asked: Any) -> None:
    said = answer(vulnerability("MAL-2026-1", "comp-1", "low"))
    said["components"][0] = component("comp-1", "pkg:pypi/requests@2.0", is_malicious="true")
    (one,) = asked(said).found
    assert (one.is_malicious, one.is_grave) == (True, True)


@pytest.mark.parametrize(
    ("code", "status"), [("AccessDeniedException", 403), ("ThrottlingException", 429), ("ValidationException", 400)]
)
def test_refusal_is_not_checked_and_says_why(inspector: tuple[Any, Stubber], code: str, status: int) -> None:
    client, stubber = inspector
    stubber.add_client_error("scan_sbom", code, "So it is.", http_status_code=status)
    found = check(client, BILL, None)
    assert (found.checked, found.found) == (False, ())
    (line,) = lines(found)
    assert line.weight is Weight.UNKNOWN
    assert line.text.startswith("Known vulnerabilities: not checked. Amazon Inspector did not answer: ")
    assert code in line.text


class Elsewhere:
    """A region that has no such endpoint."""

    def scan_sbom(self, **_: Any) -> dict[str, Any]:
        raise EndpointConnectionError(endpoint_url="https://inspector-scan.xx-west-1.amazonaws.com")


def test_region_without_it_is_not_checked() -> None:
    assert "Could not connect" in check(Elsewhere(), BILL, None).reason


SIX = component("six", "pkg:pypi/six@1.0")


@pytest.mark.parametrize(
    "sbom",
    [
        {"vulnerabilities": [{"id": "CVE-1", "affects": [{"ref": "?"}]}]},
        {"components": 1},
        {"metadata": 1},
        {"metadata": {"timestamp": 1}},
        {"components": [SIX], "vulnerabilities": [{"id": 1, "affects": [{"ref": "six"}]}]},
        {"components": [SIX], "vulnerabilities": [{"id": "1", "affects": [{"ref": "six"}], "source": {"url": 1}}]},
        {"components": [{**SIX, "properties": [{"name": "a", "value": 1}]}]},
    ],
)
def test_answer_of_another_form_is_not_checked(asked: Any, sbom: dict[str, Any]) -> None:
    found = asked(sbom)
    assert not found.checked
    assert "in a form that is not known here" in found.reason


def test_page_shows_each_vulnerability_and_what_was_not_checked(asked: Any) -> None:
    found = asked(answer(vulnerability("CVE-2026-1", "comp-1", "critical")))
    shown = page(dataclasses.replace(evidence(), vulnerabilities=found))
    assert "CVE-2026-1 (critical) in requests 2.0, no fixed version is known" in shown
    assert 'href="https://nvd.nist.gov/vuln/detail/CVE-2026-1"' in shown
    assert "<dt>Not checked</dt><dd>six 1.0</dd>" in shown
    assert "Not checked. No database." in page(evidence())
