"""What stays out of the layer: data and unused packages go, the rest is as it was published."""

from __future__ import annotations

import importlib.metadata
import json
import re
import ssl
from pathlib import Path

import botocore
import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.regions import EndpointResolver

from service.packaging import trimming
from service.packaging.bundling import AWS_SERVICES

INSTALLED = Path(botocore.__file__).parent
SITE_PACKAGES = INSTALLED.parent


@pytest.fixture(scope="module")
def trimmed(installed_layer: Path) -> Path:
    """The layer's packages, as they are installed for the tests, trimmed."""
    return installed_layer


@pytest.mark.parametrize("service", AWS_SERVICES)
def test_descriptions_have_every_operation_and_shape_and_no_documentation(trimmed: Path, service: str) -> None:
    def described(data: Path) -> ServiceModel:
        loader = Loader(extra_search_paths=[str(data)], include_default_search_paths=False)
        return ServiceModel(loader.load_service_model(service, "service-2"))

    whole, small = described(INSTALLED / "data"), described(trimmed / "botocore" / "data")

    assert small.operation_names == whole.operation_names
    assert small.shape_names == whole.shape_names
    assert small.metadata == whole.metadata
    for name in whole.operation_names:
        operation, original = small.operation_model(name), whole.operation_model(name)
        assert operation.http == original.http
        if original.input_shape is not None:
            assert operation.input_shape is not None
            assert operation.input_shape.members.keys() == original.input_shape.members.keys()
        assert operation.documentation == ""


@pytest.mark.parametrize("region", ["eu-west-1", "us-east-1", "us-gov-west-1", "cn-north-1", "ap-new-1"])
def test_endpoints_of_the_services_in_use_are_as_published_in_every_partition(trimmed: Path, region: str) -> None:
    whole, small = (
        EndpointResolver(json.loads((data / "endpoints.json").read_text()))
        for data in (INSTALLED / "data", trimmed / "botocore" / "data")
    )

    for service in ("monitoring", "codedeploy", "dynamodb", "events", "kinesis", "lambda", "secretsmanager", "sts"):
        assert small.construct_endpoint(service, region) == whole.construct_endpoint(service, region)


def test_authorities_are_the_five_of_amazon_trust_services(trimmed: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(trimmed / "botocore" / "cacert.pem")

    subjects = str([authority["subject"] for authority in context.get_ca_certs()])
    assert sorted(re.findall(r"'commonName', '([^']+)'", subjects)) == sorted(trimming.TRUSTED_AUTHORITIES)
    assert set(re.findall(r"'organizationName', '([^']+)'", subjects)) == {"Amazon", "Starfield Technologies, Inc."}


def test_packages_keep_name_version_and_licence(trimmed: Path) -> None:
    for distribution in importlib.metadata.distributions(path=[str(trimmed)]):
        original = importlib.metadata.distribution(distribution.name)
        assert distribution.version == original.version
        assert distribution.metadata.get_all("License-File") == original.metadata.get_all("License-File")
        assert "\n\n" not in (distribution.read_text("METADATA") or "").strip()
    licences = [file for file in trimmed.glob("*.dist-info/**/LICEN[SC]E*") if file.stat().st_size]
    assert len(licences) > 8


def test_code_that_stays_is_as_published(trimmed: Path) -> None:
    deferred = {trimmed / name / "__init__.py" for name in trimming.GATHERING}
    sources = set(trimmed.rglob("*.py"))

    assert len(sources) > 300
    assert deferred <= sources
    for source in sources - deferred:
        assert source.read_bytes() == (SITE_PACKAGES / source.relative_to(trimmed)).read_bytes()


def test_what_is_not_there_to_be_left_out_is_named(tmp_path: Path) -> None:
    with pytest.raises(trimming.TrimmingFailed, match=rf"{trimming.UNUSED[0]}.*service/packaging/trimming\.py"):
        trimming.trim(tmp_path, AWS_SERVICES)


def test_missing_authority_is_an_error(trimmed: Path, tmp_path: Path) -> None:
    one_less = (trimmed / "botocore" / "cacert.pem").read_text().strip().split("\n\n")[1:]
    (tmp_path / "cacert.pem").write_text("\n\n".join(one_less))

    with pytest.raises(trimming.TrimmingFailed, match="4 of the 5"):
        trimming._trim_authorities(tmp_path / "cacert.pem")
