#!/usr/bin/env bash
# MiniStack 1.5.33, boto3 1.43.106
# What it does: CloudFormation says CREATE_COMPLETE of a RequestValidator and of a Method that uses it, and API Gateway
#   knows neither: GetRequestValidators is empty, the method has no requestValidatorId. Made through the API both are there.
# What one would guess: a stack makes what the API makes.
# Output seen:
#   CREATE_COMPLETE; validators of the stack 0, the method's None; by the API 1
# Who meets it: whoever deploys a CDK RestApi with a request validator, and tests that bad input is refused.
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

resources = {
    "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "cars"}},
    "Validator": {
        "Type": "AWS::ApiGateway::RequestValidator",
        "Properties": {"RestApiId": {"Ref": "Api"}, "ValidateRequestBody": True},
    },
    "Method": {
        "Type": "AWS::ApiGateway::Method",
        "Properties": {
            "RestApiId": {"Ref": "Api"},
            "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]},
            "HttpMethod": "POST",
            "AuthorizationType": "NONE",
            "RequestValidatorId": {"Ref": "Validator"},
            "Integration": {"Type": "MOCK"},
        },
    },
}
status = deploy("cars", resources)
gateway = client("apigateway")
api = next(found for found in gateway.get_rest_apis()["items"] if found["name"] == "cars")["id"]
root = gateway.get_resources(restApiId=api)["items"][0]["id"]
made = len(gateway.get_request_validators(restApiId=api)["items"])
of_method = gateway.get_method(restApiId=api, resourceId=root, httpMethod="POST").get("requestValidatorId")
gateway.create_request_validator(restApiId=api, name="by-hand", validateRequestBody=True)
by_api = len(gateway.get_request_validators(restApiId=api)["items"])
seen = f"{status}; validators of the stack {made}, the method's {of_method}; by the API {by_api}"
print(seen)
sys.exit(seen != "CREATE_COMPLETE; validators of the stack 0, the method's None; by the API 1")
PY
env -i PATH="$PATH" HOME="$folder" "$folder/venv/bin/python" "$folder/ask.py" "$port"
