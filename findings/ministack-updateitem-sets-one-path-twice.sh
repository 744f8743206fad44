#!/usr/bin/env bash
# MiniStack 1.5.33, boto3 1.43.106
# What it does: an UpdateExpression that changes one path twice is taken; the later change wins.
# What one would guess: ValidationException, "Two document paths overlap with each other", as DynamoDB answers.
# Output seen:
#   SET twice: 2; SET and REMOVE: None
# Who meets it: whoever builds update expressions from parts that came in, and sees it fail on AWS alone.
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

table = client("dynamodb")
table.create_table(
    TableName="cars",
    KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    BillingMode="PAY_PER_REQUEST",
)

def update(expression, **values):
    try:
        answer = table.update_item(
            TableName="cars",
            Key={"id": {"S": "car"}},
            UpdateExpression=expression,
            ExpressionAttributeValues=values,
            ReturnValues="ALL_NEW",
        )
    except ClientError as problem:
        return problem.response["Error"]["Code"]
    return answer["Attributes"].get("seats", {}).get("N")

twice = update("SET seats = :a, seats = :b", **{":a": {"N": "1"}, ":b": {"N": "2"}})
both = update("SET seats = :a REMOVE seats", **{":a": {"N": "1"}})
seen = f"SET twice: {twice}; SET and REMOVE: {both}"
print(seen)
sys.exit(seen != 'SET twice: 2; SET and REMOVE: None')
PY
env -i PATH="$PATH" HOME="$folder" "$folder/venv/bin/python" "$folder/ask.py" "$port"
