#!/usr/bin/env bash
# MiniStack 1.5.33, boto3 1.43.106
# What it does: an update of a stack takes away an export that another stack imports. ListImports knows the importer, and
#   the update succeeds all the same.
# What one would guess: the update fails and is rolled back: an output value that another stack imports can be neither
#   modified nor removed ("Fn::ImportValue").
# Output seen:
#   imported by ['consumer'], the update without it UPDATE_COMPLETE
# Who meets it: whoever rehearses a rollback across stacks: one that AWS refuses passes.
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

here = in_region("eu-west-1")
told = {"Value": "told", "Export": {"Name": "producer:Told"}}
deploy(here, "create_stack", "producer", template("1", Told=told))
deploy(here, "create_stack", "consumer", template({"Fn::ImportValue": "producer:Told"}))
imports = here.list_imports(ExportName="producer:Told")["Imports"]
seen = f"imported by {imports}, the update without it {deploy(here, 'update_stack', 'producer', template('2'))}"
print(seen)
sys.exit(seen != "imported by ['consumer'], the update without it UPDATE_COMPLETE")
PY
env -i PATH="$PATH" HOME="$folder" "$folder/venv/bin/python" "$folder/ask.py" "$port"
