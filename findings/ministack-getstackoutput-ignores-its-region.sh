#!/usr/bin/env bash
# MiniStack 1.5.33, boto3 1.43.106
# What it does: Fn::GetStackOutput with a Region looks for the stack in the region of the stack that reads. The producer
#   is in the region that is named, and the consumer is rolled back for want of it.
# What one would guess: Region chooses where the stack is looked for, as the intrinsic's page has it.
# Output seen:
#   same region CREATE_COMPLETE, named region ROLLBACK_COMPLETE
# Who meets it: whoever deploys a CDK app with references between regions (a certificate in us-east-1, say): CDK writes
#   them as this function.
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

url = f"http://127.0.0.1:{sys.argv[1]}"
deadline = time.monotonic() + 60
while True:
    try:
        urllib.request.urlopen(f"{url}/_ministack/ready", timeout=2).close()
        break
    except OSError:
        assert time.monotonic() < deadline, "the emulator does not answer"
        time.sleep(0.1)
keys = dict(aws_access_key_id="1" * 12, aws_secret_access_key="test", endpoint_url=url)

def in_region(name):
    return boto3.client("cloudformation", region_name=name, **keys)

def template(value, **outputs):
    parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}}
    return json.dumps({"Resources": {"Parameter": parameter}, "Outputs": outputs})

def deploy(cloudformation, operation, name, body):
    getattr(cloudformation, operation)(StackName=name, TemplateBody=body)
    while True:
        stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        if not stack["StackStatus"].endswith("IN_PROGRESS"):
            return stack["StackStatus"]
        assert time.monotonic() < deadline, "the stack does not come to rest"
        time.sleep(0.1)

here, there = in_region("eu-west-1"), in_region("us-east-1")

def read(name, region):
    return template({"Fn::GetStackOutput": {"StackName": name, "OutputName": "Told", "Region": region}})

deploy(here, "create_stack", "near", template("1", Told={"Value": "near"}))
deploy(there, "create_stack", "far", template("1", Told={"Value": "far"}))
same = deploy(here, "create_stack", "of-near", read("near", "eu-west-1"))
other = deploy(here, "create_stack", "of-far", read("far", "us-east-1"))
seen = f"same region {same}, named region {other}"
print(seen)
sys.exit(seen != "same region CREATE_COMPLETE, named region ROLLBACK_COMPLETE")
PY
env -i PATH="$PATH" HOME="$folder" "$folder/venv/bin/python" "$folder/ask.py" "$port"
