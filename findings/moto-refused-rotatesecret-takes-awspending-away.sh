#!/usr/bin/env bash
# moto 5.2.5, boto3 1.43.106
# What it does: RotateSecret that is refused (its function does not exist) has already changed the secret: AWSPENDING is on
#   a new version, and the version that had it has no label any more. Nor is it refused for the version that is pending.
# What one would guess: a call that raises has changed nothing. By its page, RotateSecret returns an error as long as
#   AWSPENDING is on another version than AWSCURRENT.
# Output seen:
#   ResourceNotFoundException; pending before: candidate, after: another
# Who meets it: whoever tests with moto how a rotation that was cut off is taken up again.
# Exits non-zero when the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'moto[secretsmanager]==5.2.5' boto3==1.43.106 botocore==1.43.106
cat >"$folder/ask.py" <<'PY'
import sys
import boto3, moto
from botocore.exceptions import ClientError

candidate, seen = "c" * 32, "no error"
with moto.mock_aws():
    secrets = boto3.client("secretsmanager", region_name="eu-west-1")

    def pending():
        labels = secrets.describe_secret(SecretId="key")["VersionIdsToStages"]
        found = [version for version, names in labels.items() if "AWSPENDING" in names]
        return "candidate" if found == [candidate] else "another"

    secrets.create_secret(Name="key", SecretString="one")
    secrets.put_secret_value(
        SecretId="key", SecretString="two", ClientRequestToken=candidate, VersionStages=["AWSPENDING"]
    )
    before = pending()
    try:
        secrets.rotate_secret(SecretId="key", RotationLambdaARN="arn:aws:lambda:eu-west-1:123456789012:function:none")
    except ClientError as error:
        seen = error.response["Error"]["Code"]
    seen = f"{seen}; pending before: {before}, after: {pending()}"
print(seen)
sys.exit(seen != "ResourceNotFoundException; pending before: candidate, after: another")
PY
env -i PATH="$PATH" HOME="$folder" AWS_ACCESS_KEY_ID=key AWS_SECRET_ACCESS_KEY=key "$folder/venv/bin/python" "$folder/ask.py"
