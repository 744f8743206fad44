#!/usr/bin/env bash
# MiniStack 1.5.33, boto3 1.43.106
# What it does: PutSecretValue with the ClientRequestToken of a version that is there replaces the text of that version.
# What one would guess: ResourceExistsException, as the API's page has it for a token that is used with other data; a
#   version never changes once it is made.
# Output seen:
#   first one, then two, of the same version; error: none
# Who meets it: whoever tests a rotation that is tried again, and believes a version that is not the one that was tested.
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

secrets, token, error = client("secretsmanager"), "t" * 32, "none"
secrets.create_secret(Name="key", SecretString="zero")

def text():
    return secrets.get_secret_value(SecretId="key", VersionId=token)["SecretString"]

secrets.put_secret_value(SecretId="key", SecretString="one", ClientRequestToken=token)
first = text()
try:
    secrets.put_secret_value(SecretId="key", SecretString="two", ClientRequestToken=token)
except ClientError as problem:
    error = problem.response["Error"]["Code"]
seen = f"first {first}, then {text()}, of the same version; error: {error}"
print(seen)
sys.exit(seen != 'first one, then two, of the same version; error: none')
PY
env -i PATH="$PATH" HOME="$folder" "$folder/venv/bin/python" "$folder/ask.py" "$port"
