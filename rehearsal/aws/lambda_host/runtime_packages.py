"""The packages that Lambda's Python runtime brings itself, as a folder: AWS's runtime client and boto3.

A worker sees these and its bundle, and nothing else of this environment, so that an import which would fail on Lambda
fails here. It must not install anything: the folder holds links to what is installed.
"""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

PACKAGES = (
    "awslambdaric",
    "snapshot-restore-py",
    "boto3",
    "botocore",
    "jmespath",
    "python-dateutil",
    "s3transfer",
    "simplejson",
    "six",
    "urllib3",
)


def link_runtime_packages(folder: Path) -> Path:
    """Fills `folder` with links to the packages' modules, and returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        distribution = importlib.metadata.distribution(package)
        for name in {file.parts[0] for file in distribution.files or () if file.parts[0] not in ("..", "__pycache__")}:
            link = folder / name
            if not link.is_symlink():
                link.symlink_to(Path(str(distribution.locate_file(name))))
    return folder
