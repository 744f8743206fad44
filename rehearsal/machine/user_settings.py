"""What comes of the user's own settings into what the run starts: where packages come from, and nothing else.

Registries, certificates, the homes of version managers and of package caches, and what silences a banner. The user's
AWS configuration and credentials, tokens of other services, and all else of the environment stay out. It must not
know what is started.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

_KEPT = re.compile(
    r"(?i)^(ssl_cert_(file|dir)|requests_ca_bundle|curl_ca_bundle|node_extra_ca_certs"
    r"|git_ssl_cainfo|pip_(index_url|extra_index_url|find_links|trusted_host|cert|default_timeout|config_file)"
    r"|pip_disable_pip_version_check|uv_(index|default_index|extra_index_url|index_url|find_links|native_tls)"
    r"|npm_config_(registry|cafile|strict_ssl)|jsii_silence_warning_\w+)$"
)
_FILES = (
    ".npmrc",
    ".config/pip/pip.conf",
    ".pip/pip.conf",
    "Library/Application Support/pip/pip.conf",
    ".config/uv/uv.toml",
)
# Where programs on the user's PATH keep themselves, or an app's packages, when nothing else says: below the home.
_PLACES = {
    "ASDF_DATA_DIR": ".asdf",
    "GOMODCACHE": "go/pkg/mod",
    "GRADLE_USER_HOME": ".gradle",
    "NUGET_PACKAGES": ".nuget/packages",
    "NVM_DIR": ".nvm",
    "PYENV_ROOT": ".pyenv",
    "PYTHONUSERBASE": ".local",
    "VOLTA_HOME": ".volta",
    "WORKON_HOME": ".local/share/virtualenvs",
    "POETRY_VIRTUALENVS_PATH": ".cache/pypoetry/virtualenvs",
}
_AS_THEY_ARE = ("JAVA_HOME", "GOROOT", "DOTNET_ROOT", "VIRTUAL_ENV", "MISE_DATA_DIR", "FNM_DIR")
_HOST = re.compile(r"\bhttps?://(?:[^/@\s\"']*@)?([A-Za-z0-9.-]+)")


def kept_variables(inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Where packages come from; proxies do not count: what is started has the run's own (egress.py)."""
    return {name: value for name, value in inherited.items() if _KEPT.match(name)}


def places_of_programs(inherited: Mapping[str, str] = os.environ) -> dict[str, str]:
    """So that a program on the user's PATH runs with another HOME as it does with the user's."""
    home = Path(inherited.get("HOME") or Path.home())
    named = {name: inherited[name] for name in (*_AS_THEY_ARE, *_PLACES) if inherited.get(name)}
    usual = {name: str(home / place) for name, place in _PLACES.items() if (home / place).is_dir()}
    return {**usual, **named}


def copy_package_settings(home: Path) -> None:
    """Copies into another home, so that a program which changes them changes its own."""
    for name in _FILES:
        settings = Path.home() / name
        if settings.is_file():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(settings, home / name)
            (home / name).chmod(0o600)


def registry_hosts(inherited: Mapping[str, str] = os.environ) -> frozenset[str]:
    """The hosts that the user's own package settings name: a registry may be kept at AWS."""
    texts = [*kept_variables(inherited).values()]
    for name in _FILES:
        settings = Path.home() / name
        if settings.is_file():
            texts.append(settings.read_text(errors="replace"))
    return frozenset(host.lower() for text in texts for host in _HOST.findall(text))
