#!/usr/bin/env bash
# MiniStack 1.5.33, boto3 1.43.106
# What it does: a call of an AWS service that MiniStack does not have is answered with HTTP 400 and the JSON
#   {"error": "Unsupported service: ivs"}, whatever protocol the service speaks. The SDK finds neither a code nor a
#   message in it.
# What one would guess: an error whose code or message names the service, as the emulator's own words do.
# Output seen:
#   code '400', message ''
# Who meets it: whoever catches ClientError by its code, and whoever reads "An error occurred (400) when calling the
#   ListChannels operation: " and looks for what is wrong with the request.
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
import sys, time, urllib.request
import boto3
from botocore.exceptions import ClientError

url = f"http://127.0.0.1:{sys.argv[1]}"
deadline = time.monotonic() + 60
while True:
    try:
        urllib.request.urlopen(f"{url}/_ministack/ready", timeout=2).close()
        break
    except OSError:
        if time.monotonic() > deadline:
            raise
        time.sleep(0.1)
client = boto3.client("ivs", endpoint_url=url, region_name="eu-west-1", aws_access_key_id="1" * 12, aws_secret_access_key="test")
try:
    client.list_channels()
except ClientError as exc:
    error = exc.response["Error"]
    seen = f"code {error['Code']!r}, message {error['Message']!r}"
    print(seen)
    sys.exit(seen != "code '400', message ''")
sys.exit("the service answers now")
PY
env -i PATH="$PATH" HOME="$folder" "$folder/venv/bin/python" "$folder/ask.py" "$port"
