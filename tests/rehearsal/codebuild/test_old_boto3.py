"""Real interpreters, with a botocore as small as it can be: what it is of is its version and its session."""

from __future__ import annotations

import subprocess
import venv
from pathlib import Path

import pytest

from rehearsal.codebuild.old_boto3 import add_endpoint_hook

SESSION = """
class Session:
    def create_client(self, service_name, region_name=None, api_version=None, use_ssl=True, verify=None,
                      endpoint_url=None, aws_access_key_id=None):
        return endpoint_url, aws_access_key_id
"""
ASKS = (
    "import botocore.session; print(*botocore.session.Session().create_client('sts', {arguments}aws_access_key_id='K'))"
)


def said(folder: Path, version: str, *, arguments: str = "", endpoint: str | None = "http://127.0.0.1:1") -> str:
    venv.create(folder)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "botocore").mkdir()
    (packages / "botocore" / "__init__.py").write_text(f"__version__ = '{version}'")
    (packages / "botocore" / "session.py").write_text(SESSION)
    add_endpoint_hook(folder)
    command = [str(folder / "bin" / "python"), "-c", ASKS.format(arguments=arguments)]
    environment = {} if endpoint is None else {"AWS_ENDPOINT_URL": endpoint}
    return subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def test_old_botocore_calls_the_local_aws(tmp_path: Path) -> None:
    assert said(tmp_path, "1.27.61") == "http://127.0.0.1:1 K"


@pytest.mark.parametrize(
    ("version", "arguments", "endpoint", "expected"),
    [
        ("1.31.0", "", "http://127.0.0.1:1", "None K"),
        ("1.27.61", "endpoint_url='http://mine', ", "http://127.0.0.1:1", "http://mine K"),
        ("1.27.61", "", None, "None K"),
    ],
    ids=["one that reads the variable", "an endpoint of its own", "no local AWS"],
)
def test_others_are_left_alone(
    tmp_path: Path, version: str, arguments: str, endpoint: str | None, expected: str
) -> None:
    assert said(tmp_path, version, arguments=arguments, endpoint=endpoint) == expected
