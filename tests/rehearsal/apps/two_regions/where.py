"""An app in two regions of whichever account deploys it: its own by CDK_DEFAULT_ACCOUNT and CDK_DEFAULT_REGION.

The app wants both to be set, where it is first synthesized and in the pipeline's build.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import pipelines
from constructs import Construct

ACCOUNT, REGION = os.environ["CDK_DEFAULT_ACCOUNT"], os.environ["CDK_DEFAULT_REGION"]
SECOND_REGION = "eu-central-1"
CONNECTION = f"arn:aws:codestar-connections:{REGION}:{ACCOUNT}:connection/0f3c6f6e-7d38-4a3b-9a0c-6c1f5d3f2c11"
CDK_CLI = json.loads(Path(__file__).with_name("package.json").read_text())["dependencies"]["aws-cdk"]
WHERE = """
import os

def handler(event, context):
    return os.environ["AWS_REGION"]
"""


class WhereStack(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        function = lambda_.Function(
            self,
            "Where",
            runtime=lambda_.Runtime.PYTHON_3_13,
            handler="index.handler",
            code=lambda_.Code.from_inline(WHERE),
        )
        self.function_name = cdk.CfnOutput(self, "FunctionName", value=function.function_name)


class WhereStage(cdk.Stage):
    def __init__(self, scope: Construct, construct_id: str, *, region: str) -> None:
        super().__init__(scope, construct_id, env=cdk.Environment(account=ACCOUNT, region=region))
        self.region_name = region
        self.function_name = WhereStack(self, "Where").function_name


class WherePipelineStack(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id, env=cdk.Environment(account=ACCOUNT, region=REGION))
        source = pipelines.CodePipelineSource.connection("somebody/where", "main", connection_arn=CONNECTION)
        pipeline = pipelines.CodePipeline(
            self,
            "Pipeline",
            pipeline_type=codepipeline.PipelineType.V2,
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
        both = pipeline.add_wave("Both")
        for name, region in (("First", REGION), ("Second", SECOND_REGION)):
            stage = WhereStage(self, name, region=region)
            both.add_stage(stage, post=[self._asks(stage, source)])

    def _asks(self, stage: WhereStage, source: pipelines.CodePipelineSource) -> pipelines.CodeBuildStep:
        return pipelines.CodeBuildStep(
            f"Ask{stage.stage_name}",
            input=source,
            env_from_cfn_outputs={"FUNCTION_NAME": stage.function_name},
            env={"FUNCTION_REGION": stage.region_name},
            commands=["pip install --quiet --no-compile -r requirements-builds.txt", "python3 ask.py"],
            role_policy_statements=[iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=["*"])],
        )


app = cdk.App()
WherePipelineStack(app, "WherePipeline")
app.synth()
