#!/usr/bin/env bash
# aws-cdk-lib 2.273.0, constructs 10.8.1, Node.js 20 or newer
# What it does: a PARAMETER_STORE variable of a CodeBuild project that takes the name of a new parameter, named with a
#   slash in front, grants `parameter/` and then the Ref: for `/cars/token` that is parameter//cars/token. The name as a
#   text is granted as parameter/cars/token.
# What one would guess: the same resource for both. The Ref of a parameter is its name, with the slash in front.
# Output seen:
#   by its construct: parameter/{Ref}; as a text: parameter/cars/token
# Who meets it: whoever makes parameter and project in one stack, and finds ssm:GetParameters denied to the build.
# Exits non-zero when the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check aws-cdk-lib==2.273.0 constructs==10.8.1
cat >"$folder/ask.py" <<'PY'
import sys
from aws_cdk import App, Stack, aws_codebuild, aws_ssm

app = App(outdir=f"{sys.argv[1]}/out")
stack = Stack(app, "Builds")
parameter = aws_ssm.StringParameter(stack, "Token", parameter_name="/cars/token", string_value="none")
stored = aws_codebuild.BuildEnvironmentVariableType.PARAMETER_STORE
aws_codebuild.Project(
    stack,
    "Project",
    build_spec=aws_codebuild.BuildSpec.from_object({"version": "0.2", "phases": {"build": {"commands": ["true"]}}}),
    environment_variables={
        "CONSTRUCT": aws_codebuild.BuildEnvironmentVariable(type=stored, value=parameter.parameter_name),
        "TEXT": aws_codebuild.BuildEnvironmentVariable(type=stored, value="/cars/token"),
    },
)
template = app.synth().get_stack_by_name("Builds").template
(granted,) = (
    statement["Resource"]
    for resource in template["Resources"].values()
    if resource["Type"] == "AWS::IAM::Policy"
    for statement in resource["Properties"]["PolicyDocument"]["Statement"]
    if statement["Action"] == "ssm:GetParameters"
)
(name,) = (key for key, found in template["Resources"].items() if found["Type"] == "AWS::SSM::Parameter")

def shown(arn):
    parts = ["{Ref}" if part == {"Ref": name} else part for part in arn["Fn::Join"][1]]
    return "".join(part for part in parts if isinstance(part, str)).rpartition(":")[2]

seen = f"by its construct: {shown(granted[0])}; as a text: {shown(granted[1])}"
print(seen)
sys.exit(seen != "by its construct: parameter/{Ref}; as a text: parameter/cars/token")
PY
env -i PATH="$PATH" HOME="$folder" JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20 JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION=1 \
  TMPDIR="$folder" "$folder/venv/bin/python" "$folder/ask.py" "$folder"
