"""The part of the release evidence about packages: what functions ship, and what is known to be wrong with it.

It must not know where anything comes from. It is of one whole with model.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    license: str | None


@dataclass(frozen=True)
class Packages:
    """What the functions ship. `reason` says why there is nothing to compare with; versions are "before -> after"."""

    shipped: tuple[Package, ...]
    reason: str | None
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


class Severity(StrEnum):
    """The worst that a rating of a vulnerability says, the most first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Vulnerability:
    """Of one package. `fixed_version` is null where none is known, `is_in_prod` where what prod runs was not checked.

    `is_exploited`: it is in CISA's catalogue of those that are. `is_malicious`: the package itself is, says OpenSSF.
    """

    vulnerability_id: str
    package: str
    version: str
    severity: Severity
    fixed_version: str | None
    url: str | None
    is_exploited: bool
    is_malicious: bool
    is_in_prod: bool | None

    @property
    def is_grave(self) -> bool:
        """To be looked at before a release: unknown is not taken for harmless."""
        grave = (Severity.CRITICAL, Severity.HIGH, Severity.UNKNOWN)
        return self.is_exploited or self.is_malicious or self.severity in grave


@dataclass(frozen=True)
class Vulnerabilities:
    """`checked` is false where no database answered, with the `reason`: then nothing is known to be safe.

    Where it did, `reason` says why what prod has already is not known. `unknown_packages` were not checked: the
    database has no rules for them.
    """

    checked: bool
    reason: str
    checked_at: str | None = None
    by: str | None = None
    checked_packages: int = 0
    found: tuple[Vulnerability, ...] = ()
    unknown_packages: tuple[str, ...] = ()
