"""Node.js functions in the host: how they are loaded, what they find, how they answer and fail; without a registry."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

import pytest

from tests.rehearsal.aws.lambda_host.local_aws import LocalAws, eventually, zip_of


def run(aws: LocalAws, files: Mapping[str, str], event: object = None, **options: Any) -> tuple[str | None, Any]:
    """FunctionError and payload of one invocation of a new function."""
    name = f"node-{uuid.uuid4().hex[:8]}"
    arn = aws.function(name, files, **{"Runtime": "nodejs22.x", "Handler": "index.handler", **options})
    result = aws.host.invoke(arn, event)
    return result.function_error, json.loads(result.payload)


COMMON = 'const { name } = require("@aws-sdk/client-s3"); exports.handler = async (event) => [name, event];'
MODULE = 'import { name } from "@aws-sdk/client-s3"; export const handler = async (event) => [name, event];'


@pytest.mark.parametrize(
    "files",
    [
        {"index.js": COMMON},
        {"index.cjs": COMMON},
        {"index.mjs": MODULE},
        {"index.js": MODULE, "package.json": '{"type": "module"}'},
        {"index.mjs": 'export const handler = async (event) => [(await import("@aws-sdk/client-s3")).name, event];'},
    ],
    ids=["common", "cjs", "module", "package-type", "dynamic"],
)
def test_function_finds_the_sdk_of_the_runtime_however_it_asks(aws: LocalAws, files: Mapping[str, str]) -> None:
    assert run(aws, files, {"car": 1}) == (None, ["client-s3 of the runtime", {"car": 1}])


def test_module_in_a_js_file_is_one_by_its_syntax_only_where_lambda_looks_at_that(aws: LocalAws) -> None:
    files, wanted = {"index.js": MODULE}, {"NODE_OPTIONS": "--experimental-detect-module --experimental-require-module"}

    assert run(aws, files, 1)[1]["errorType"] == "Runtime.UserCodeSyntaxError"
    assert run(aws, files, 1, variables=wanted) == (None, ["client-s3 of the runtime", 1])
    assert run(aws, files, 1, Runtime="nodejs24.x") == (None, ["client-s3 of the runtime", 1])


@pytest.mark.parametrize("files", [{"index.js": COMMON}, {"index.mjs": MODULE}], ids=["common", "module"])
def test_functions_own_packages_come_before_a_layers_and_those_before_the_runtimes(
    aws: LocalAws, files: Mapping[str, str]
) -> None:
    def package(says: str, folder: str = "") -> dict[str, str]:
        return {f"{folder}node_modules/@aws-sdk/client-s3/index.js": f'exports.name = "{says}";'}

    layer = aws.client("lambda").publish_layer_version(
        LayerName=f"layer-{uuid.uuid4().hex[:8]}", Content={"ZipFile": zip_of(package("the layer's", "nodejs/"))}
    )["LayerVersionArn"]

    assert run(aws, files, Layers=[layer])[1][0] == "the layer's"
    assert run(aws, {**files, **package("its own")}, Layers=[layer])[1][0] == "its own"


@pytest.mark.parametrize("extension", ["js", "mjs"])
def test_handler_of_a_layer_is_found_under_opt(aws: LocalAws, extension: str) -> None:
    code = {"js": COMMON, "mjs": MODULE}[extension]
    layer = aws.client("lambda").publish_layer_version(
        LayerName=f"layer-{uuid.uuid4().hex[:8]}",
        Content={"ZipFile": zip_of({f"nodejs/wrapper/index.{extension}": code})},
    )["LayerVersionArn"]

    answer = run(aws, {"own.js": ""}, 1, Layers=[layer], Handler="/opt/nodejs/wrapper/index.handler")

    assert answer == (None, ["client-s3 of the runtime", 1])


@pytest.mark.parametrize(
    ("handler", "answer"),
    [
        ("(event, context, callback) => callback(null, event.n + 1)", 2),
        ("(event, context) => context.succeed(event.n + 1)", 2),
        ("(event, context, callback) => { callback(null, 1); setTimeout(() => { globalThis.late = 1; }, 50); }", 1),
        ("async () => undefined", None),
        ("() => undefined", None),
        ("async () => new Promise(() => {})", None),
    ],
    ids=["callback", "succeed", "callback-waits", "nothing", "not-async", "never"],
)
def test_function_answers_by_promise_or_callback_and_null_when_nothing_is_left_to_do(
    aws: LocalAws, handler: str, answer: object
) -> None:
    assert run(aws, {"index.js": f"exports.handler = {handler};"}, {"n": 1}) == (None, answer)


def test_worker_runs_one_event_after_another_and_keeps_what_is_loaded(aws: LocalAws) -> None:
    code = "let n = 0; exports.handler = (event, context, callback) => callback(null, ++n);"
    aws.function("node-counting", {"index.js": code}, Runtime="nodejs22.x", Handler="index.handler")

    answers = [
        json.loads(aws.client("lambda").invoke(FunctionName="node-counting")["Payload"].read()) for _ in range(3)
    ]

    assert answers == [1, 2, 3]


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        ("exports.handler = async () => { throw new RangeError('too far'); };", "RangeError", "too far"),
        ("exports.handler = (e, c, callback) => callback(new Error('no'));", "Error", "no"),
        ("exports.handler = async () => { throw 'text'; };", "string", "text"),
        ("exports.handler = async () => ({n: 1n});", "Runtime.MarshalError", "BigInt"),
        ("exports.other = 1;", "Runtime.HandlerNotFound", "index.handler is undefined or not exported"),
        ("exports.handler = 1;", "Runtime.HandlerNotFound", "index.handler is not a function"),
        ("exports.handler = ;", "Runtime.UserCodeSyntaxError", "SyntaxError"),
        ("require('left-pad');", "Runtime.ImportModuleError", "Cannot find module 'left-pad'"),
        ("require('@aws-sdk/client-rekognition');", "Runtime.ImportModuleError", "is none. Bundle it."),
        ("require('aws-sdk');", "Runtime.ImportModuleError", "and not version 2"),
        ("throw new TypeError('at load');", "TypeError", "at load"),
        (
            "exports.handler = async () => { setTimeout(() => { throw new Error('late'); }); await new Promise(r => "
            "setTimeout(r, 1000)); };",
            "Runtime.UncaughtException",
            "late",
        ),
    ],
)
def test_function_that_fails_says_so_in_lambdas_words(aws: LocalAws, code: str, kind: str, words: str) -> None:
    error, payload = run(aws, {"index.js": code})

    assert error == "Unhandled"
    assert payload["errorType"] == kind
    assert words in payload["errorMessage"]


def test_function_that_takes_too_long_is_ended(aws: LocalAws) -> None:
    code = "exports.handler = async () => new Promise((resolve) => setTimeout(resolve, 60000));"

    error, payload = run(aws, {"index.js": code}, Timeout=1)

    assert error == "Unhandled"
    assert "Task timed out after 1.00 seconds" in payload["errorMessage"]


def test_callback_handler_is_refused_by_a_runtime_without_callbacks(aws: LocalAws) -> None:
    files = {"index.js": "exports.handler = (event, context, callback) => callback(null, 1);"}

    error, payload = run(aws, files, Runtime="nodejs24.x")

    assert (error, payload["errorType"]) == ("Unhandled", "Runtime.CallbackHandlerDeprecated")


def test_function_sees_its_context_its_role_and_the_local_aws(aws: LocalAws) -> None:
    code = """
    exports.handler = async (event, context) => ({
      name: context.functionName, version: context.functionVersion, arn: context.invokedFunctionArn,
      left: context.getRemainingTimeInMillis(), endpoint: process.env.AWS_ENDPOINT_URL,
      token: Boolean(process.env.AWS_SESSION_TOKEN), table: process.env.TABLE, root: process.env.LAMBDA_TASK_ROOT,
    });"""
    arn = aws.function(
        "node-context", {"src/app/index.js": code}, Runtime="nodejs22.x", Handler="src/app/index.handler",
        variables={"TABLE": "cars", "NODE_OPTIONS": "--enable-source-maps"},
    )  # fmt: skip

    seen = json.loads(aws.client("lambda").invoke(FunctionName="node-context")["Payload"].read())

    assert (seen["name"], seen["version"]) == ("node-context", "$LATEST")
    assert seen["arn"] == arn
    assert 0 < seen["left"] <= 10_000
    assert (seen["endpoint"], seen["token"], seen["table"]) == (aws.endpoint_url, True, "cars")


def test_npm_in_a_function_installs_nothing_and_says_why(aws: LocalAws) -> None:
    code = """
    exports.handler = async () => {
      try { require("child_process").execSync("npm install x --prefix /tmp", { stdio: "pipe" }); }
      catch (error) { return String(error.stderr); }
    };"""

    assert "The rehearsal installs nothing inside of functions" in run(aws, {"index.js": code})[1]


def test_lines_are_lambdas_and_metrics_in_them_are_taken(aws: LocalAws) -> None:
    metric = '{"_aws": {"CloudWatchMetrics": []}, "Cars": 1}'
    code = f"exports.handler = async () => {{ console.log('one\\ntwo'); console.log('{metric}'); }};"
    aws.function("node-printing", {"index.js": code}, Runtime="nodejs22.x", Handler="index.handler")

    aws.client("lambda").invoke(FunctionName="node-printing")

    file = aws.home / "lambda" / "logs" / "222222222222" / "aws.lambda.node-printing.log"
    line = eventually(lambda: file.is_file() and file.read_bytes().decode().partition("\n")[0])
    assert line.split("\t")[2:] == ["INFO", "one\rtwo"]
    assert eventually(lambda: metric in aws.sink.emf_lines)


def test_versions_of_a_function_are_weighted_and_measured(aws: LocalAws) -> None:
    aws.function(
        "node-canary", {"handler.js": "exports.handle = async () => 'old';"}, Runtime="nodejs22.x",
        Handler="handler.handle",
    )  # fmt: skip
    old = aws.publish("node-canary")
    client = aws.client("lambda")
    client.update_function_code(
        FunctionName="node-canary", ZipFile=zip_of({"handler.js": "exports.handle = async () => 'new';"})
    )
    new = aws.publish("node-canary")
    weights = {"AdditionalVersionWeights": {new: 1.0}}
    client.create_alias(FunctionName="node-canary", Name="live", FunctionVersion=old, RoutingConfig=weights)

    answer = json.loads(client.invoke(FunctionName="node-canary", Qualifier="live")["Payload"].read())

    assert answer == "new"
    dimensions = {"FunctionName": "node-canary", "Resource": "node-canary:live", "ExecutedVersion": new}
    assert aws.sink.sum("Invocations", **dimensions) == 1
