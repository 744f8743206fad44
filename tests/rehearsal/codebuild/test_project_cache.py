"""A project's cache, as a stack in the emulator has it."""

from __future__ import annotations

import json
from typing import Any

from rehearsal.codebuild.project_cache import has_cache
from rehearsal.machine.run_folder import temporary_folder
from tests.rehearsal.aws.edge.bare_cloud import ACCOUNT, REGION, bare_cloud

CACHES: dict[str, dict[str, Any] | None] = {
    "custom": {"Type": "LOCAL", "Modes": ["LOCAL_SOURCE_CACHE", "LOCAL_CUSTOM_CACHE"]},
    "in-s3": {"Type": "S3", "Location": "bucket/prefix"},
    "of-source": {"Type": "LOCAL", "Modes": ["LOCAL_SOURCE_CACHE"]},
    "none": {"Type": "NO_CACHE"},
    "unsaid": None,
}


def project(name: str, cache: dict[str, Any] | None) -> dict[str, Any]:
    properties: dict[str, Any] = {"Name": name, "ServiceRole": "role", "Source": {"Type": "CODEPIPELINE"}}
    return {"Type": "AWS::CodeBuild::Project", "Properties": {**properties, **({"Cache": cache} if cache else {})}}


def test_has_cache_is_what_the_projects_template_says() -> None:
    with temporary_folder("rehearsal-test-") as home, bare_cloud(home) as cloud:
        # given stacks with and without the projects
        cloudformation = cloud.client("cloudformation")
        bucket = {"Resources": {"Other": {"Type": "AWS::S3::Bucket"}}}
        projects = {"Resources": {f"P{number}": project(*item) for number, item in enumerate(CACHES.items())}}
        for name, template in (("other", bucket), ("projects", projects)):
            cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
            cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})

        # when
        session = cloud.clients.root(ACCOUNT, REGION)
        found = {name: has_cache(name, session=session) for name in (*CACHES, "nobody's")}

    # then
    assert [name for name, is_cached in found.items() if is_cached] == ["custom", "in-s3"]
