"""What a boto3 before 1.28 needs in a build to reach the local AWS: it knows no AWS_ENDPOINT_URL.

Builds install what their app has pinned, and tests of deployed stacks call AWS. It must not touch a client that was
given an endpoint, nor a botocore that reads the variable.
Source: "Service-specific endpoints" of the AWS SDKs and Tools guide; botocore's change log, 1.31.0.
"""

from __future__ import annotations

from pathlib import Path

_MODULE = "_rehearsal_endpoint"
_HOOK = '''"""Lets a botocore before 1.31 call the endpoint of AWS_ENDPOINT_URL."""
import importlib.util, os, sys

class _Finder:
    def find_spec(self, name, path=None, target=None):
        if name != "botocore.session":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module
            spec.loader.exec_module = lambda module: (execute(module), _lead(module))
        return spec

def _lead(module):
    import botocore
    if tuple(int(part) for part in botocore.__version__.split(".")[:2]) >= (1, 31):
        return
    create = module.Session.create_client
    def create_client(self, service_name, region_name=None, api_version=None, use_ssl=True, verify=None,
                      endpoint_url=None, *rest, **options):
        endpoint_url = endpoint_url or os.environ.get("AWS_ENDPOINT_URL")
        return create(self, service_name, region_name, api_version, use_ssl, verify, endpoint_url, *rest, **options)
    module.Session.create_client = create_client

if os.environ.get("AWS_ENDPOINT_URL"):
    sys.meta_path.insert(0, _Finder())
'''


def add_endpoint_hook(python: Path) -> None:
    """Into the site-packages of a build's Python, where no package's own file is."""
    for packages in python.glob("lib/python*/site-packages"):
        (packages / f"{_MODULE}.py").write_text(_HOOK)
        (packages / f"{_MODULE}.pth").write_text(f"import {_MODULE}\n")
