#!/usr/bin/env bash
# MiniStack 1.5.33, boto3 1.43.106
# What it does: CloudFormation creates a function with DeadLetterConfig and ReservedConcurrentExecutions, and neither is
#   there: the stack is CREATE_COMPLETE, the function has no queue, and GetFunctionConcurrency says nothing.
# What one would guess: what the template says, or a refusal.
# Output seen:
#   CREATE_COMPLETE; dead letters to None; reserved None
# Who meets it: whoever deploys a CDK function with `dead_letter_queue`, and waits for a dead letter.
# Exits non-zero when the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill "${emulator:-}" 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ministack==1.5.33 boto3==1.43.106 botocore==1.43.106
port=$("$folder/venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
env -i PATH="$PATH" HOME="$folder" TMPDIR="$folder" STATE_DIR="$folder/state" BIND_HOST=127.0.0.1 GATEWAY_PORT="$port" \
  LOG_LEVEL=ERROR "$folder/venv/bin/python" -m ministack >"$folder/log" 2>&1 &
emulator=$!
cat >"$folder/ask.py" <<'PY'
import json, sys, time, urllib.request
import boto3
from botocore.exceptions import ClientError

url = f"http://127.0.0.1:{sys.argv[1]}"
deadline = time.monotonic() + 60
while True:
    try:
        urllib.request.urlopen(f"{url}/_ministack/ready", timeout=2).close()
        break
    except OSError:
        assert time.monotonic() < deadline, "the emulator does not answer"
        time.sleep(0.1)

def client(service):
    return boto3.client(
        service, aws_access_key_id="1" * 12, aws_secret_access_key="test", endpoint_url=url, region_name="eu-west-1"
    )

def deploy(name, resources, **outputs):
    cloudformation = client("cloudformation")
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=json.dumps({"Resources": resources, "Outputs": {key: {"Value": value} for key, value in outputs.items()}}),
        Capabilities=["CAPABILITY_IAM"],
    )
    while True:
        stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        if not stack["StackStatus"].endswith("IN_PROGRESS"):
            return stack["StackStatus"]
        assert time.monotonic() < deadline, "the stack does not come to rest"
        time.sleep(0.1)

role = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
            ],
        }
    },
}
function = {
    "Type": "AWS::Lambda::Function",
    "Properties": {
        "FunctionName": "cars",
        "Runtime": "python3.13",
        "Handler": "index.handler",
        "Code": {"ZipFile": "def handler(event, context): return None"},
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "DeadLetterConfig": {"TargetArn": {"Fn::GetAtt": ["Queue", "Arn"]}},
        "ReservedConcurrentExecutions": 2,
    },
}
status = deploy("cars", {"Role": role, "Queue": {"Type": "AWS::SQS::Queue"}, "Function": function})
functions = client("lambda")
queue = functions.get_function_configuration(FunctionName="cars").get("DeadLetterConfig", {}).get("TargetArn")
reserved = functions.get_function_concurrency(FunctionName="cars").get("ReservedConcurrentExecutions")
seen = f"{status}; dead letters to {queue}; reserved {reserved}"
print(seen)
sys.exit(seen != 'CREATE_COMPLETE; dead letters to None; reserved None')
PY
env -i PATH="$PATH" HOME="$folder" "$folder/venv/bin/python" "$folder/ask.py" "$port"
