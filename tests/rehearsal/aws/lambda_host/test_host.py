from __future__ import annotations

import io
import json
import os
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from rehearsal.aws.lambda_host.function import FunctionArn
from tests.rehearsal.aws.lambda_host.local_aws import ACCOUNT, LocalAws, eventually, zip_of

ECHO = """
import json, os
def handle(event, context):
    return {"event": event, "arn": context.invoked_function_arn, "version": context.function_version,
            "memory": context.memory_limit_in_mb, "remaining": context.get_remaining_time_in_millis(),
            "environment": dict(os.environ)}
"""
API = """
def handle(event, context):
    return {"statusCode": 200, "body": context.function_version}
"""
FAILS = """
def handle(event, context):
    raise ValueError("no such car")
"""


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def invoke(aws: LocalAws, name: str, event: Any = None, *, qualifier: str | None = None) -> tuple[str | None, Any]:
    """FunctionError and the payload, as the edge hands it on."""
    options = {"Qualifier": qualifier} if qualifier else {}
    answer = aws.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event), **options)
    return answer.get("FunctionError"), json.loads(aws.host.restore_error(answer["Payload"].read()))


def test_an_invocation_runs_the_bundle_with_what_lambda_gives_it(aws: LocalAws) -> None:
    name = "echo"
    role = aws.role("echo-role")
    arn = aws.function(
        name, ECHO, role=role, MemorySize=256, variables={"API_URL": "https://example.amazonaws.com/x", "MODE": "a"}
    )

    error, payload = invoke(aws, name, {"n": 1})

    assert error is None, payload
    assert payload["event"] == {"n": 1}
    assert payload["arn"] == arn
    assert payload["version"] == "$LATEST"
    assert payload["memory"] == "256"
    assert 0 < payload["remaining"] <= 10_000
    environment = payload["environment"]
    assert environment["MODE"] == "a"
    assert environment["API_URL"] == "http://localhost/x"
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == name
    assert environment["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    assert "Sampled=0" in environment["_X_AMZN_TRACE_ID"]
    assert "MINISTACK_LAMBDA_PROXY_URL" not in environment


def test_an_invocation_runs_with_the_rights_of_the_functions_role_only(aws: LocalAws) -> None:
    code = """
import boto3
def handle(event, context):
    return boto3.client("sts").get_caller_identity()["Arn"] if event else boto3.client("s3").list_buckets()
"""
    aws.function("limited", code, role=aws.role("limited-role"))

    _, identity = invoke(aws, "limited", True)
    error, payload = invoke(aws, "limited")

    assert identity == f"arn:aws:sts::{ACCOUNT}:assumed-role/limited-role/limited"
    assert error == "Unhandled"
    assert "is not authorized to perform: s3:ListAllMyBuckets" in payload["errorMessage"]


def test_a_worker_sees_its_bundle_and_the_runtimes_packages_only(aws: LocalAws) -> None:
    code = """
import importlib.util
def handle(event, context):
    return {name: importlib.util.find_spec(name) is not None for name in event}
"""
    aws.function("isolated", code)

    _, found = invoke(aws, "isolated", ["boto3", "pytest", "pydantic", "pipeline"])

    assert found == {"boto3": True, "pytest": False, "pydantic": False, "pipeline": False}


def test_each_version_runs_its_own_code_after_the_function_was_changed(aws: LocalAws) -> None:
    code = "def handle(event, context): return 'old'"
    arn = FunctionArn.parse(aws.function("versions", code))
    first = aws.publish("versions")
    aws.host.snapshot(arn, first)
    second = aws.publish("versions", code.replace("old", "new"))

    answers = [invoke(aws, "versions", qualifier=version)[1] for version in (first, second)]

    assert answers == ["old", "new"]


def test_latest_runs_the_new_code_as_soon_as_it_is_updated(aws: LocalAws) -> None:
    aws.function("latest", "def handle(event, context): return 1")
    before = invoke(aws, "latest")[1]
    aws.publish("latest", "def handle(event, context): return 2")

    assert (before, invoke(aws, "latest")[1]) == (1, 2)


def test_a_layer_is_importable_and_the_bundle_comes_before_it(aws: LocalAws) -> None:
    layer = zip_of({"python/in_layer.py": "value = 'layer'", "python/handler.py": "raise SystemExit"})
    layer_arn = aws.client("lambda").publish_layer_version(LayerName="deps", Content={"ZipFile": layer})[
        "LayerVersionArn"
    ]
    code = "import in_layer\ndef handle(event, context): return in_layer.value"
    aws.function("layered", code, Layers=[layer_arn])

    assert invoke(aws, "layered") == (None, "layer")


@pytest.mark.parametrize(
    ("name", "code", "error_type", "message"),
    [
        ("raises", FAILS, "ValueError", "no such car"),
        ("cannot-import", "import no_such_module", "Runtime.ImportModuleError", "No module named 'no_such_module'"),
        ("no-handler", "x = 1", "Runtime.HandlerNotFound", "Handler 'handle' missing on module 'handler'"),
        (
            "crashes",
            "import os\ndef handle(e, c): os._exit(3)",
            "Runtime.ExitError",
            "exited with error: exit status 3",
        ),
        ("exits-at-import", "import os\nos._exit(1)", "Runtime.ExitError", "exited with error: exit status 1"),
        ("long-error", "def handle(e, c): raise RuntimeError('x' * 5000)", "RuntimeError", "x" * 5000),
    ],
)
def test_a_failed_invocation_answers_lambdas_own_error(
    aws: LocalAws, name: str, code: str, error_type: str, message: str
) -> None:
    aws.function(name, code)

    error, payload = invoke(aws, name)

    assert error == "Unhandled"
    assert payload["errorType"] == error_type
    assert message in payload["errorMessage"]


def test_a_function_that_takes_too_long_is_killed_and_the_next_invocation_gets_a_new_worker(aws: LocalAws) -> None:
    code = """
import os, time
def handle(event, context):
    time.sleep(event)
    return os.getpid()
"""
    aws.function("slow", code, Timeout=1)
    first_process = invoke(aws, "slow", 0)[1]

    error, payload = invoke(aws, "slow", 5)
    next_process = invoke(aws, "slow", 0)[1]

    assert error == "Unhandled"
    assert "Task timed out after 1.00 seconds" in payload["errorMessage"]
    assert next_process != first_process
    log = aws.home / "lambda" / "logs" / ACCOUNT / "aws.lambda.slow.log"
    eventually(lambda: log.is_file() and "Task timed out after 1.00 seconds" in log.read_text())


def test_a_warm_worker_is_used_again(aws: LocalAws) -> None:
    aws.function("warm", "import os\ndef handle(event, context): return os.getpid()")

    assert len({invoke(aws, "warm")[1] for _ in range(5)}) == 1


def test_api_requests_through_an_alias_follow_its_weights_and_are_counted(aws: LocalAws) -> None:
    arn = aws.function("weighted", API)
    old = aws.publish("weighted")
    client = aws.client("lambda")
    alias = client.create_alias(FunctionName="weighted", Name="live", FunctionVersion=old)["AliasArn"]
    url = aws.rest_api("weighted-api", alias)
    first = [aws.get(url).text for _ in range(3)]
    new = aws.publish("weighted", API + "\n# changed")

    client.update_alias(
        FunctionName="weighted",
        Name="live",
        FunctionVersion=old,
        RoutingConfig={"AdditionalVersionWeights": {new: 0.5}},
    )
    aws.host.refresh(FunctionArn.parse(arn))
    answers = [aws.get(url).text for _ in range(40)]

    assert first == [old] * 3
    assert 5 <= answers.count(new) <= 35  # outside once in a million runs
    traffic = {entry.version: entry for entry in aws.host.traffic() if entry.function == "weighted"}
    assert traffic[new].requests == answers.count(new)
    assert traffic[old].requests + traffic[new].requests == 43
    assert traffic[old].failed == traffic[new].failed == 0
    dimensions = {"FunctionName": "weighted", "Resource": "weighted:live"}
    assert aws.sink.sum("Invocations", FunctionName="weighted") == 43
    assert aws.sink.sum("Invocations", **dimensions) == 43
    assert aws.sink.sum("Invocations", **dimensions, ExecutedVersion=new) == answers.count(new)
    assert aws.sink.sum("Count", ApiName="weighted-api", Stage="prod") == 43
    assert aws.sink.sum("5XXError", ApiName="weighted-api", Stage="prod") == 0


def test_an_api_request_whose_function_fails_is_answered_502_as_api_gateway_does(aws: LocalAws) -> None:
    aws.function("broken", FAILS)
    version = aws.publish("broken")
    alias = aws.client("lambda").create_alias(FunctionName="broken", Name="live", FunctionVersion=version)["AliasArn"]

    answer = aws.get(aws.rest_api("broken-api", alias))

    assert (answer.status_code, answer.json()) == (502, {"message": "Internal server error"})
    assert aws.sink.sum("Errors", FunctionName="broken", Resource="broken:live", ExecutedVersion=version) == 1
    assert aws.sink.sum("5XXError", ApiName="broken-api") == 1
    assert [entry.failed for entry in aws.host.traffic() if entry.function == "broken"] == [1]


def test_retries_of_an_asynchronous_invocation_come_one_and_two_aws_minutes_later(aws: LocalAws) -> None:
    arn = aws.function("retried", FAILS)
    began: list[float] = []

    @contextmanager
    def during() -> Iterator[None]:
        began.append(aws.clock.now())
        yield

    result = aws.host.invoke(arn, {}, asynchronous=True, during=during)

    assert result.error_message == "ValueError: no such car"
    first, second = (later - earlier for earlier, later in pairwise(began))
    assert 60 <= first < 120 <= second < 240  # a second of this clock is a millisecond
    assert aws.sink.sum("Errors", FunctionName="retried") == 3


def test_the_functions_own_retry_setting_is_honoured(aws: LocalAws) -> None:
    arn = aws.function("once", FAILS)
    aws.client("lambda").put_function_event_invoke_config(FunctionName="once", MaximumRetryAttempts=0)

    aws.host.invoke(arn, {}, asynchronous=True)

    assert aws.sink.sum("Errors", FunctionName="once") == 1


def test_concurrent_invocations_run_in_workers_of_their_own(aws: LocalAws) -> None:
    arn = aws.function("parallel", "import os, time\ndef handle(e, c):\n    time.sleep(0.5)\n    return os.getpid()")

    with ThreadPoolExecutor(3) as threads:
        results = list(threads.map(lambda _: aws.host.invoke(arn, {}), range(3)))

    assert len({result.payload for result in results}) == 3


def test_a_retired_versions_worker_ends_and_another_takes_its_place(aws: LocalAws) -> None:
    arn = aws.function("retired", "import os\ndef handle(event, context): return os.getpid()")
    process = invoke(aws, "retired")[1]

    aws.host.retire(FunctionArn.parse(arn), "$LATEST")

    eventually(lambda: not is_alive(process))
    assert invoke(aws, "retired")[1] != process


def test_a_made_up_api_event_handed_to_a_version_is_no_alias_traffic(aws: LocalAws) -> None:
    aws.function("probed", FAILS)
    version = aws.publish("probed")
    aws.client("lambda").create_alias(FunctionName="probed", Name="live", FunctionVersion=version)
    context = {"apiId": "hook", "stage": "prod", "resourceId": "r", "httpMethod": "GET"}
    event = {"httpMethod": "GET", "requestContext": {**context, "requestTimeEpoch": int(time.time() * 1000)}}

    error, payload = invoke(aws, "probed", event, qualifier=version)

    assert (error, payload["errorMessage"]) == ("Unhandled", "no such car")
    assert aws.sink.sum("Errors", FunctionName="probed", Resource=f"probed:{version}") == 1
    assert aws.sink.sum("Errors", FunctionName="probed", Resource="probed:live") is None
    assert not [entry for entry in aws.host.traffic() if entry.function == "probed"]


def test_a_stream_mapping_on_the_alias_counts_as_the_aliases_traffic(aws: LocalAws) -> None:
    dynamodb = aws.client("dynamodb")
    dynamodb.create_table(
        TableName="cars",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    stream = dynamodb.describe_table(TableName="cars")["Table"]["LatestStreamArn"]
    everything = {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}
    aws.function("changes", "def handle(event, context): return {}", role=aws.role("changes-role", everything))
    version = aws.publish("changes")
    client = aws.client("lambda")
    alias = client.create_alias(FunctionName="changes", Name="live", FunctionVersion=version)["AliasArn"]
    client.create_event_source_mapping(EventSourceArn=stream, FunctionName=alias, StartingPosition="TRIM_HORIZON")

    dynamodb.put_item(TableName="cars", Item={"id": {"S": "a"}})

    dimensions = {"FunctionName": "changes", "Resource": "changes:live", "ExecutedVersion": version}
    eventually(lambda: aws.sink.sum("Invocations", **dimensions))


def test_what_a_function_prints_goes_to_its_logs_and_embedded_metrics_to_cloudwatch(aws: LocalAws) -> None:
    metrics = json.dumps({"_aws": {"CloudWatchMetrics": []}, "Probes": 7})
    aws.function("printing", f"def handle(event, context):\n    print('hello from it')\n    print('''{metrics}''')")

    invoke(aws, "printing")

    assert metrics in aws.sink.emf_lines
    events = eventually(
        lambda: [
            event["message"]
            for event in aws.client("logs").filter_log_events(
                logGroupName="/aws/lambda/printing", filterPattern="hello"
            )["events"]
        ]
    )
    assert events == ["hello from it"]
    assert "hello from it" in (aws.home / "lambda" / "logs" / ACCOUNT / "aws.lambda.printing.log").read_text()


def test_another_runtime_is_refused_by_name(aws: LocalAws) -> None:
    aws.function("ruby", "", Runtime="ruby3.4")

    error, payload = invoke(aws, "ruby")

    assert error == "Unhandled"
    assert "runs on ruby3.4; the local run has Python and Node.js runtimes only" in payload["errorMessage"]


def test_one_prober_can_send_a_hundred_requests_a_second_through_the_api(aws: LocalAws) -> None:
    aws.function("quick", API)
    version = aws.publish("quick")
    alias = aws.client("lambda").create_alias(FunctionName="quick", Name="live", FunctionVersion=version)["AliasArn"]
    url = aws.rest_api("quick-api", alias)
    aws.get(url)

    with requests.Session() as http:
        started = time.perf_counter()
        for _ in range(100):
            assert aws.get(url, http).status_code == 200
        seconds = time.perf_counter() - started

    assert seconds < 5  # about 0.6 s on two idle cores


LISTENING = """
import os
def handle(event, context):
    rows = open("/proc/self/net/tcp").read().splitlines()[1:]
    folder = "/proc/self/fd"
    mine = {os.readlink(f"{folder}/{fd}") for fd in os.listdir(folder) if os.path.islink(f"{folder}/{fd}")}
    return [row.split()[1] for row in rows if f"socket:[{row.split()[9]}]" in mine]
"""


@pytest.mark.skipif(not Path("/proc/self/net/tcp").exists(), reason="reads Linux's /proc")
def test_a_worker_and_its_runtime_api_have_no_port(aws: LocalAws) -> None:
    aws.function("portless", LISTENING)

    error, ports = invoke(aws, "portless")

    assert (error, ports) == (None, [])
    sockets = [path for path in (aws.home / "lambda").iterdir() if path.is_socket()]
    assert sockets


def test_the_host_runs_nothing_for_whoever_does_not_know_its_address(aws: LocalAws) -> None:
    arn = aws.function("guarded", API)
    headers = {
        "X-Amzn-Lambda-Function-Arn": arn,
        "X-Amzn-Lambda-Function-Version": "$LATEST",
        "X-Amzn-Lambda-Request-Id": "of-a-stranger",
    }
    port = urlsplit(aws.host_url).port

    for path in ("/", "/guess/", f"{urlsplit(aws.host_url).path}more"):
        refused = requests.post(f"http://127.0.0.1:{port}{path}", data=b"{}", headers=headers, timeout=10)
        assert (refused.status_code, refused.content) == (403, b"")
    assert requests.post(aws.host_url, data=b"{}", headers=headers, timeout=10).status_code == 200


def test_program_of_a_layer_is_found_under_opt_and_lambdas_python_is_this_one(aws: LocalAws) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        for name, text in (
            ("cli/tool", "#!/var/lang/bin/python\nimport sys\nprint('tool', sys.argv[1])\n"),
            ("cli/script", "#!/bin/sh\necho script $1\n"),
            ("cli/aws", '#!/bin/sh\necho "$@"\n'),
        ):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o755 << 16
            packed.writestr(entry, text)
    layer = aws.client("lambda").publish_layer_version(LayerName="tools", Content={"ZipFile": archive.getvalue()})
    code = """
import os, subprocess
def handle(event, context):
    run = lambda name: subprocess.check_output([f"/opt/cli/{name}", "one"], text=True)
    return [run("tool"), run("script"), run("aws"), os.environ["AWS_ENDPOINT_URL"]]
"""
    aws.function("tooled", code, Layers=[layer["LayerVersionArn"]])

    error, (tool, script, cli, endpoint) = invoke(aws, "tooled")

    assert (error, tool, script) == (None, "tool one\n", "script one\n")
    assert cli == f"one --endpoint-url {endpoint}\n"
