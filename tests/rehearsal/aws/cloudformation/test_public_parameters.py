from __future__ import annotations

from typing import Any

import pytest

from rehearsal.aws.cloudformation.public_parameters import unserved_parameters, with_served_images
from rehearsal.aws.cloudformation.template import Rewriting, rewrite

IMAGE = "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>"
TEXT = "AWS::SSM::Parameter::Value<String>"
SERVED = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
NEWER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-arm64"


def template(kind: str, default: str) -> dict[str, Any]:
    return {"Parameters": {"Read": {"Type": kind, "Default": default}}, "Resources": {}}


def test_image_that_aws_publishes_is_one_that_is_there() -> None:
    assert with_served_images(template(IMAGE, NEWER)) == template(IMAGE, SERVED)


def test_template_that_reads_an_image_is_rewritten_for_it() -> None:
    rewriting = Rewriting(claimed_types=frozenset(), service_token="token", lambda_url="http://127.0.0.1:1")

    rewritten = rewrite(template(IMAGE, NEWER), rewriting)

    assert rewritten is not None
    assert rewritten["Parameters"] == template(IMAGE, SERVED)["Parameters"]


@pytest.mark.parametrize(
    ("kind", "default"),
    [(IMAGE, SERVED), (IMAGE, "/own/image"), (TEXT, "/own/text"), (TEXT, SERVED), ("String", NEWER)],
)
def test_other_parameters_stay_as_they_are_and_are_served(kind: str, default: str) -> None:
    unchanged = template(kind, default)

    assert with_served_images(unchanged) == unchanged
    assert list(unserved_parameters(unchanged)) == []


def test_what_else_aws_publishes_is_named() -> None:
    read = "/aws/service/ecs/optimized-ami/amazon-linux-2/recommended"

    assert list(unserved_parameters(template(TEXT, read))) == [("Read", read)]
    assert list(unserved_parameters(template(IMAGE, NEWER))) == []
