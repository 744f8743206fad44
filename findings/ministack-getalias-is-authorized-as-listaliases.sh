#!/usr/bin/env bash
# MiniStack 1.5.33 with AUTH=true, boto3 1.43.106
# What it does: GetAlias of a Lambda function is authorized as lambda:ListAliases. A role whose policy allows
#   lambda:GetAlias on the function and its aliases, as AWS's service authorization reference has it, is refused.
# What one would guess: the action is lambda:GetAlias.
# Output seen:
#   lambda:GetAlias: AccessDeniedException, names lambda:ListAliases; lambda:ListAliases: allowed
# Who meets it: whoever runs least-privilege policies against the emulator: what is right for AWS fails, and a policy that
#   would fail on AWS passes.
# Exits non-zero when the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill "${emulator:-}" 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ministack==1.5.33 boto3==1.43.106 botocore==1.43.106
port=$("$folder/venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
env -i PATH="$PATH" HOME="$folder" TMPDIR="$folder" STATE_DIR="$folder/state" BIND_HOST=127.0.0.1 GATEWAY_PORT="$port" \
  AUTH=true LOG_LEVEL=ERROR "$folder/venv/bin/python" -m ministack >"$folder/log" 2>&1 &
emulator=$!
cat >"$folder/ask.py" <<'PY'
import io, json, sys, time, urllib.request, zipfile
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
options = {"endpoint_url": url, "region_name": "eu-west-1"}
root = {"aws_access_key_id": "1" * 12, "aws_secret_access_key": "test"}
iam, sts = (boto3.client(name, **options, **root) for name in ("iam", "sts"))
lambda_ = boto3.client("lambda", **options, **root)


def trust(service):
    statement = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


archive = io.BytesIO()
with zipfile.ZipFile(archive, "w") as packed:
    packed.writestr("handler.py", "def handle(event, context):\n    return 1\n")
runs_as = iam.create_role(RoleName="runs", AssumeRolePolicyDocument=trust("lambda"))["Role"]["Arn"]
code = {"ZipFile": archive.getvalue()}
lambda_.create_function(FunctionName="cars", Runtime="python3.12", Handler="handler.handle", Role=runs_as, Code=code)
version = lambda_.publish_version(FunctionName="cars")["Version"]
lambda_.create_alias(FunctionName="cars", Name="live", FunctionVersion=version)


def result(action):
    """How GetAlias ends for a role that may do only this."""
    name = action.replace(":", "-")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust("codebuild"))["Role"]["Arn"]
    function = "arn:aws:lambda:eu-west-1:111111111111:function:cars"
    statement = {"Effect": "Allow", "Action": action, "Resource": [function, f"{function}:*"]}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=name, PolicyName="only", PolicyDocument=policy)
    given = sts.assume_role(RoleArn=arn, RoleSessionName="session")["Credentials"]
    client = boto3.client("lambda", **options, aws_access_key_id=given["AccessKeyId"],
                          aws_secret_access_key=given["SecretAccessKey"], aws_session_token=given["SessionToken"])
    try:
        client.get_alias(FunctionName="cars", Name="live")
        return "allowed"
    except ClientError as exc:
        error = exc.response["Error"]
        return f"{error['Code']}, names {'lambda:ListAliases' if 'lambda:ListAliases' in error['Message'] else error['Message']}"


seen = "; ".join(f"{action}: {result(action)}" for action in ("lambda:GetAlias", "lambda:ListAliases"))
print(seen)
expected = "lambda:GetAlias: AccessDeniedException, names lambda:ListAliases; lambda:ListAliases: allowed"
sys.exit(seen != expected)
PY
env -i PATH="$PATH" HOME="$folder" "$folder/venv/bin/python" "$folder/ask.py" "$port"
