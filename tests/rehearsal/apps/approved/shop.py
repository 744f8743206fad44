"""A small CDK Pipelines app of somebody else's: one function behind an alias that CodeDeploy shifts, and an approval.

What a commit of it changes stands in `word.txt`; with a file `refused` it has a resource that no local AWS makes.
"""

from __future__ import annotations

import json
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_lambda as lambda_
from aws_cdk import pipelines
from constructs import Construct

FOLDER = Path(__file__).parent
ENVIRONMENT = cdk.Environment(account="111111111111", region="eu-west-1")
CDK_CLI = json.loads((FOLDER / "package.json").read_text())["dependencies"]["aws-cdk"]
SHOP = """
def handler(event, context):
    print("a call")
    return {"word": "%s"}
"""


class ShopStack(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        function = lambda_.Function(
            self,
            "Shop",
            function_name="shop",
            runtime=lambda_.Runtime.PYTHON_3_13,
            handler="index.handler",
            code=lambda_.Code.from_inline(SHOP % (FOLDER / "word.txt").read_text().strip()),
        )
        alias = lambda_.Alias(self, "Live", alias_name="live", version=function.current_version)
        codedeploy.LambdaDeploymentGroup(
            self,
            "Deployments",
            alias=alias,
            deployment_config=codedeploy.LambdaDeploymentConfig.CANARY_10_PERCENT_5_MINUTES,
            alarms=[alias.metric_errors().create_alarm(self, "Errors", threshold=1, evaluation_periods=1)],
        )
        if (FOLDER / "refused").exists():
            cdk.CfnResource(self, "Cluster", type="AWS::Redshift::Cluster", properties={"NodeType": "ra3.xlplus"})


class ShopStage(cdk.Stage):
    def __init__(self, scope: Construct, construct_id: str, *, env: cdk.Environment) -> None:
        super().__init__(scope, construct_id, env=env)
        ShopStack(self, "Shop")


class ShopPipelineStack(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str, *, env: cdk.Environment) -> None:
        super().__init__(scope, construct_id, env=env)
        pipeline = pipelines.CodePipeline(
            self,
            "Pipeline",
            pipeline_name="shop",
            synth=pipelines.ShellStep(
                "Synth",
                input=pipelines.CodePipelineSource.code_commit(
                    codecommit.Repository(self, "Repository", repository_name="shop"), "main"
                ),
                env={"CDK_VALIDATION": "false"},  # CloudFormation's own rules take CDK long to load
                install_commands=[
                    "pip install --quiet --no-compile -r requirements.txt",
                    f"npm install --global --silent aws-cdk@{CDK_CLI}",
                ],
                commands=["cdk synth --quiet"],
            ),
            cli_version=CDK_CLI,
        )
        approval = pipeline.add_wave("Approve")
        approval.add_pre(pipelines.ManualApprovalStep("Ask", comment="Into the shop?"))
        pipeline.add_stage(ShopStage(self, "Prod", env=env))


app = cdk.App()
ShopPipelineStack(app, "ShopPipeline", env=ENVIRONMENT)
app.synth()
