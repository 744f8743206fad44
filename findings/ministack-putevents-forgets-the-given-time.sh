#!/usr/bin/env bash
# MiniStack 1.5.33, boto3 1.43.106
# What it does: an entry's Time is not the time of the event that its target gets; that is when the entry arrived. And an
#   entry without Source and DetailType is taken.
# What one would guess: the entry's Time, as the API's page has it; and InvalidArgument for the other entry.
# Output seen:
#   time is the given one: False; entries that failed without a source: 0
# Who meets it: whoever replays old events, or tests what a service does with entries that were refused.
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

sqs, events = client("sqs"), client("events")
queue = sqs.create_queue(QueueName="heard")["QueueUrl"]
arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
events.put_rule(Name="all", EventPattern=json.dumps({"source": ["cars"]}))
events.put_targets(Rule="all", Targets=[{"Id": "queue", "Arn": arn}])
entry = {"Source": "cars", "DetailType": "Sold", "Detail": "{}", "Time": 1_700_000_000}
events.put_events(Entries=[entry])
messages = []
while not messages:
    assert time.monotonic() < deadline, "no event came"
    messages = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", [])
is_given = json.loads(messages[0]["Body"])["time"] == "2023-11-14T22:13:20Z"
failed = events.put_events(Entries=[{"Detail": "{}"}])["FailedEntryCount"]
seen = f"time is the given one: {is_given}; entries that failed without a source: {failed}"
print(seen)
sys.exit(seen != 'time is the given one: False; entries that failed without a source: 0')
PY
env -i PATH="$PATH" HOME="$folder" "$folder/venv/bin/python" "$folder/ask.py" "$port"
