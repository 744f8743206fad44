from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.errors import BadInput
from rehearsal.source.settings import SETTINGS_FILE, Settings, read_settings

EVERYTHING = """
account = "222222222222"
region = "eu-west-1"
pipeline = "release"

[parameters]
"/app/size" = "3"

[secrets]
github-token = "none"
database = { user = "app", password = "none" }

[exports]
VpcId = "vpc-1"

[stack_outputs.Network]
Subnets = "subnet-1,subnet-2"

[context]
"availability-zones:account=222222222222:region=eu-west-1" = ["eu-west-1a", "eu-west-1b"]

[variables]
REPOSITORY_OWNER = "somebody"
"""


def written(folder: Path, text: str) -> Path:
    (folder / SETTINGS_FILE).write_text(text)
    return folder


def test_settings_are_read_with_every_key(tmp_path: Path) -> None:
    assert read_settings(written(tmp_path, EVERYTHING)) == Settings(
        account="222222222222",
        region="eu-west-1",
        pipeline="release",
        parameters={"/app/size": "3"},
        secrets={"github-token": "none", "database": {"user": "app", "password": "none"}},
        exports={"VpcId": "vpc-1"},
        stack_outputs={"Network": {"Subnets": "subnet-1,subnet-2"}},
        context={"availability-zones:account=222222222222:region=eu-west-1": ["eu-west-1a", "eu-west-1b"]},
        variables={"REPOSITORY_OWNER": "somebody"},
    )


def test_settings_are_the_defaults_when_there_is_no_file(tmp_path: Path) -> None:
    settings = read_settings(tmp_path)

    assert settings == Settings()
    assert settings.place == ("111111111111", "us-east-1")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('acount = "1"', r"the key acount, which means nothing.*account, region, pipeline, parameters"),
        ("account = 111111111111", r'account is 111111111111; an account is 12 digits, in quotes, as "123456789012"'),
        ('account = "1234"', r"account is '1234'; an account is 12 digits"),
        ('region = "Ireland"', r"region is 'Ireland'; a region is named as \"eu-west-1\""),
        ("pipeline = 3", r"pipeline is 3; it must be a text"),
        ('parameters = "a"', r"parameters must be a table: write \[parameters\]"),
        ('[parameters]\n"/aws/service/a" = "1"', r"parameters\./aws/service/a is one of AWS's own"),
        ("[parameters]\nsize = 3", r"parameters\.size is 3; it must be a text in quotes"),
        ("[secrets]\ntoken = 3", r"secrets\.token must be a text in quotes, or a table"),
        ("[secrets.database]\nport = 3", r"secrets\.database must be a text in quotes, or a table"),
        ("[exports]\nVpcId = true", r"exports\.VpcId is True"),
        ('[stack_outputs]\nNetwork = "vpc-1"', r"stack_outputs\.Network must be a table"),
        ("[context]\nat = 2026-01-01", r"context\.at is .*; it must be a text, a number"),
        ("[variables]\nSIZE = 3", r"variables\.SIZE is 3"),
        ('[variables]\nAWS_REGION = "eu-west-1"', r"variables\.AWS_REGION cannot be set.*account and region"),
        ('[variables]\nhttps_proxy = "http://a"', r"variables\.https_proxy cannot be set"),
        ('[variables]\n"A-B" = ""', r"variables\.A-B cannot be set"),
        ('[variables]\n"=.B" = ""', r"variables\.=\.B cannot be set"),
        ('[variables]\nA = "\\u0000"', r"variables\.A cannot be set: no variable can hold"),
        ('account = "１２３４５６７８９０１２"', r"an account is 12 digits"),  # noqa: RUF001
        ("account", r"cannot be read as TOML.*it is optional"),
    ],
)
def test_settings_that_are_wrong_are_refused_by_their_key(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said) as caught:
        read_settings(written(tmp_path, text))

    assert str(tmp_path / SETTINGS_FILE) in str(caught.value)


def test_options_come_before_the_settings(tmp_path: Path) -> None:
    settings = read_settings(written(tmp_path, EVERYTHING))

    assert settings.overridden(account="333333333333", region=None, pipeline="other").place == (
        "333333333333",
        "eu-west-1",
    )
    assert settings.overridden(account=None, region="us-west-2", pipeline=None).pipeline == "release"


@pytest.mark.parametrize("text", ["token = 5318008", 'token = ["5318008"]', 'token = { key = "5318008", port = 1 }'])
def test_a_secret_that_is_wrong_is_not_said(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_settings(written(tmp_path, f"[secrets]\n{text}"))

    assert "5318008" not in str(caught.value)


def test_secret_that_is_given_for_all_of_them_is_not_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="secrets must be a table") as caught:
        read_settings(written(tmp_path, 'secrets = "5318008"'))

    assert "5318008" not in str(caught.value)


def test_settings_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / SETTINGS_FILE).write_text('region = "eu-west-1"', encoding="utf-8-sig")

    assert read_settings(tmp_path).region == "eu-west-1"


def test_settings_that_are_no_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / SETTINGS_FILE).mkdir()

    with pytest.raises(BadInput, match="cannot be read"):
        read_settings(tmp_path)
