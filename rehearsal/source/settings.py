"""The settings of an app for its rehearsal: what the app leaves open, and an AWS account would know.

They are in `rehearsal.toml` in the app's folder, all of them optional; options of the command line come before them,
and what the app itself says before both. It must not be asked what a template holds, nor read anything but that file.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rehearsal.errors import BadInput

SETTINGS_FILE = "rehearsal.toml"
_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What the run sets itself, for synthesis and builds.
_OWN_VARIABLES = re.compile(
    r"(?i)(AWS_|CODEBUILD_|CDK_DEFAULT_).*|(HTTPS?|NO)_PROXY|HOME|LANG|NODE_OPTIONS|PATH|TMPDIR|TZ|VIRTUAL_ENV"
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`account` and `region` are those of stacks that name none, and what the CDK CLI tells the app.

    `parameters` (Systems Manager) and `secrets` (Secrets Manager) are by name, a secret's value is text or an object of
    texts; `exports` are by the export's name, `stack_outputs` by the stack's name and the output's; `context` is CDK's,
    by its key; `variables` are of the environment of the app's synthesis and of builds.
    """

    account: str = "111111111111"
    region: str = "us-east-1"
    pipeline: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str | Mapping[str, str]] = field(default_factory=dict)
    exports: Mapping[str, str] = field(default_factory=dict)
    stack_outputs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> tuple[str, str]:
        """Account and region of what names none."""
        return self.account, self.region

    def overridden(self, *, account: str | None, region: str | None, pipeline: str | None) -> Settings:
        """With the options of the command line; None for one that was not given."""
        return replace(
            self,
            account=account or self.account,
            region=region or self.region,
            pipeline=self.pipeline if pipeline is None else pipeline,
        )


def read_settings(folder: Path) -> Settings:
    """Those of the app in `folder`; the defaults where it has no file. Raises BadInput, naming the key."""
    file = folder / SETTINGS_FILE
    if not (file.exists() or file.is_symlink()):
        return Settings()
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8-sig"))  # editors of Windows put a mark before it
    except (OSError, ValueError) as exc:
        raise BadInput(f"{file} cannot be read as TOML: {exc}. Mend it, or remove it: it is optional.") from exc
    unknown = sorted(content.keys() - _PARSERS.keys())
    if unknown:
        raise BadInput(
            f"{file} has the key {unknown[0]}, which means nothing. Allowed are {', '.join(_PARSERS)}. "
            "A key of a table stands below its [table]."
        )
    try:
        return Settings(**{key: _PARSERS[key](key, value) for key, value in content.items()})
    except ValueError as exc:
        raise BadInput(f"{file}: {exc} Mend it, then run again.") from exc


def parse_account(key: str, value: object) -> str:
    """Raises ValueError, as the other parsers do, with what is allowed."""
    if isinstance(value, str) and _ACCOUNT.fullmatch(value):
        return value
    raise ValueError(f'{key} is {value!r}; an account is 12 digits, in quotes, as "123456789012".')


def parse_region(key: str, value: object) -> str:
    if isinstance(value, str) and _REGION.fullmatch(value):
        return value
    raise ValueError(f'{key} is {value!r}; a region is named as "eu-west-1" is.')


def _text(key: str, value: object) -> str:
    if isinstance(value, str) and value:
        return value
    raise ValueError(f"{key} is {value!r}; it must be a text in quotes, and not an empty one.")


def _any_text(key: str, value: object) -> str:
    if isinstance(value, str):
        return value
    raise ValueError(f"{key} is {value!r}; it must be a text in quotes.")


def _parameter(key: str, value: object) -> str:
    """Source: API_PutParameter, `Name`."""
    name = key.partition(".")[2].lstrip("/").lower()
    if name.startswith(("aws", "ssm")):
        raise ValueError(f"{key} is one of AWS's own: names that begin with aws or ssm cannot be given a value.")
    return _text(key, value)


def _variable(key: str, value: object) -> str:
    name = key.partition(".")[2]
    if not _VARIABLE.fullmatch(name) or _OWN_VARIABLES.fullmatch(name):
        raise ValueError(
            f"{key} cannot be set: a variable's name has letters, digits and _, and the run itself sets AWS_…, "
            "CODEBUILD_…, CDK_DEFAULT_… (by the keys account and region), proxies, HOME, PATH and their like."
        )
    text = _any_text(key, value)
    if "\0" in text:
        raise ValueError(f"{key} cannot be set: no variable can hold the character U+0000.")
    return text


def _secret(key: str, value: object) -> str | Mapping[str, str]:
    """What it is is not said, should it be a real one."""
    if isinstance(value, str) or (isinstance(value, Mapping) and all(isinstance(item, str) for item in value.values())):
        return value
    raise ValueError(f"{key} must be a text in quotes, or a table of texts: the keys of its JSON. A dot makes tables.")


def _json(key: str, value: object) -> Any:
    """What JSON knows: no dates and times of TOML."""
    match value:
        case str() | bool() | int() | float():
            return value
        case list():
            return [_json(key, item) for item in value]
        case Mapping():
            return {name: _json(f"{key}.{name}", item) for name, item in value.items()}
        case _:
            raise ValueError(f"{key} is {value!r}; it must be a text, a number, true, false, a list or a table.")


def _table(parse: Callable[[str, object], Any]) -> Callable[[str, object], Mapping[str, Any]]:
    def parsed(key: str, value: object) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):  # what it is is not said, should it be a secret
            raise ValueError(f"{key} must be a table: write [{key}], and its keys below.")
        return {name: parse(f"{key}.{name}", item) for name, item in value.items()}

    return parsed


_texts = _table(_any_text)
_PARSERS: Mapping[str, Callable[[str, object], Any]] = {
    "account": parse_account,
    "region": parse_region,
    "pipeline": _text,
    "parameters": _table(_parameter),
    "secrets": _table(_secret),
    "exports": _table(_text),
    "stack_outputs": _table(_texts),
    "context": _table(_json),
    "variables": _table(_variable),
}
