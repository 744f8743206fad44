"""An app whose function is Node.js and calls S3, beside a sandbox that its pipeline never deploys."""

from __future__ import annotations

import json
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_synthetics as synthetics
from aws_cdk import pipelines
from constructs import Construct

CONNECTION = "arn:aws:codestar-connections:eu-west-1:111111111111:connection/0f3c6f6e-7d38-4a3b-9a0c-6c1f5d3f2c11"
ENVIRONMENT = cdk.Environment(account="111111111111", region="eu-west-1")
SANDBOX = cdk.Environment(account="999999999999", region="eu-west-1")
CDK_CLI = json.loads(Path(__file__).with_name("package.json").read_text())["dependencies"]["aws-cdk"]
NOTES = """
const { S3Client, PutObjectCommand, GetObjectCommand } = require("@aws-sdk/client-s3");
const s3 = new S3Client({});

exports.handler = async (event) => {
  const object = { Bucket: process.env.BUCKET, Key: event.key };
  await s3.send(new PutObjectCommand({ ...object, Body: event.text }));
  const kept = await s3.send(new GetObjectCommand(object));
  return { kept: await kept.Body.transformToString() };
};
"""


class NotesStack(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        bucket = s3.Bucket(self, "Notes", removal_policy=cdk.RemovalPolicy.DESTROY)
        function = lambda_.Function(
            self,
            "Note",
            runtime=lambda_.Runtime.NODEJS_22_X,
            handler="index.handler",
            code=lambda_.Code.from_inline(NOTES),
            timeout=cdk.Duration.seconds(30),
            environment={"BUCKET": bucket.bucket_name},
        )
        bucket.grant_read_write(function)
        self.function_name = cdk.CfnOutput(self, "FunctionName", value=function.function_name)


class NotesStage(cdk.Stage):
    def __init__(self, scope: Construct, construct_id: str, *, env: cdk.Environment) -> None:
        super().__init__(scope, construct_id, env=env)
        self.function_name = NotesStack(self, "Notes").function_name


class SandboxStack(cdk.Stack):
    """A developer's own, deployed by hand: a rehearsal could not run what is in it."""

    def __init__(self, scope: Construct, construct_id: str, *, env: cdk.Environment) -> None:
        super().__init__(scope, construct_id, env=env)
        synthetics.Canary(
            self,
            "Canary",
            runtime=synthetics.Runtime.SYNTHETICS_NODEJS_PUPPETEER_9_0,
            test=synthetics.Test.custom(
                code=synthetics.Code.from_inline("exports.handler = async () => {};"), handler="index.handler"
            ),
        )


class NotesPipelineStack(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str, *, env: cdk.Environment) -> None:
        super().__init__(scope, construct_id, env=env)
        source = pipelines.CodePipelineSource.connection("somebody/notes", "main", connection_arn=CONNECTION)
        pipeline = pipelines.CodePipeline(
            self,
            "Pipeline",
            synth=pipelines.ShellStep(
                "Synth",
                input=source,
                env={"CDK_VALIDATION": "false"},  # CloudFormation's own rules take CDK long to load
                commands=[
                    "pip install --quiet --no-compile -r requirements.txt",
                    f"npm install --global --silent aws-cdk@{CDK_CLI}",
                    "cdk synth --quiet",
                ],
            ),
            cli_version=CDK_CLI,
        )
        stage = NotesStage(self, "Prod", env=env)
        note = pipelines.CodeBuildStep(
            "Note",
            input=source,
            env_from_cfn_outputs={"FUNCTION_NAME": stage.function_name},
            commands=["pip install --quiet --no-compile -r requirements-builds.txt", "python3 note.py"],
            role_policy_statements=[iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=["*"])],
        )
        pipeline.add_stage(stage, post=[note])


app = cdk.App()
NotesPipelineStack(app, "NotesPipeline", env=ENVIRONMENT)
SandboxStack(app, "Sandbox", env=SANDBOX)
app.synth()
