"""A small CDK Pipelines app of somebody else's: one stage with one function, greeted by its pipeline after deploying.

Who it is of and how it greets stand elsewhere: in a variable of its builds, in looked-up context, in another's export.
Its requirements.txt and package.json are not here: who makes a repository of it writes them, with the versions that
this project pins.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import pipelines
from constructs import Construct

ENVIRONMENT = cdk.Environment(account="111111111111", region="eu-west-1")
CONNECTION = "arn:aws:codestar-connections:eu-west-1:111111111111:connection/0f3c6f6e-7d38-4a3b-9a0c-6c1f5d3f2c11"
CDK_CLI = json.loads(Path(__file__).with_name("package.json").read_text())["dependencies"]["aws-cdk"]
GREETER = """
import os

def handler(event, context):
    greeting = f"{os.environ['WORD']}, {event['name']}{os.environ['MARK']}"
    return {"greeting": greeting, "version": context.function_version}
"""


class GreeterStack(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        function = lambda_.Function(
            self,
            "Greeter",
            runtime=lambda_.Runtime.PYTHON_3_13,
            handler="index.handler",
            code=lambda_.Code.from_inline(GREETER),
            environment={"WORD": self.node.get_context("word"), "MARK": cdk.Fn.import_value("greetings:Mark")},
        )
        alias = lambda_.Alias(self, "Live", alias_name="live", version=function.current_version)
        self.function_arn = cdk.CfnOutput(self, "FunctionArn", value=alias.function_arn)


class GreeterStage(cdk.Stage):
    def __init__(self, scope: Construct, construct_id: str, *, env: cdk.Environment) -> None:
        super().__init__(scope, construct_id, env=env)
        self.function_arn = GreeterStack(self, "Greeter").function_arn


class GreeterPipelineStack(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str, *, env: cdk.Environment) -> None:
        super().__init__(scope, construct_id, env=env)
        repository = f"{os.environ['REPOSITORY_OWNER']}/greeter"
        source = pipelines.CodePipelineSource.connection(repository, "main", connection_arn=CONNECTION)
        pipeline = pipelines.CodePipeline(
            self,
            "Pipeline",
            synth=pipelines.ShellStep(
                "Synth",
                input=source,
                env={
                    "CDK_VALIDATION": "false"
                },  # CloudFormation's own rules take CDK long to load: not for one function
                commands=[
                    "pip install --quiet --no-compile -r requirements.txt",
                    f"npm install --global --silent aws-cdk@{CDK_CLI}",
                    "cdk synth --quiet",
                ],
            ),
            cli_version=CDK_CLI,
        )
        stage = GreeterStage(self, "Prod", env=env)
        greet = pipelines.CodeBuildStep(
            "Greet",
            input=source,
            env_from_cfn_outputs={"FUNCTION_ARN": stage.function_arn},
            commands=["pip install --quiet --no-compile -r requirements-builds.txt", "python3 greet.py"],
            role_policy_statements=[iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=["*"])],
        )
        pipeline.add_stage(stage, post=[greet])


app = cdk.App()
GreeterPipelineStack(app, "GreeterPipeline", env=ENVIRONMENT)
app.synth()
