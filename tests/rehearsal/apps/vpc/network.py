"""An app with a network of its own, whose default security group CDK empties by a custom resource in Node.js."""

from __future__ import annotations

import json
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import pipelines
from constructs import Construct

CONNECTION = "arn:aws:codestar-connections:us-east-1:111111111111:connection/0f3c6f6e-7d38-4a3b-9a0c-6c1f5d3f2c11"
CDK_CLI = json.loads(Path(__file__).with_name("package.json").read_text())["dependencies"]["aws-cdk"]


class NetworkStack(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        vpc = ec2.Vpc(self, "Vpc", max_azs=2, nat_gateways=0)
        self.group = cdk.CfnOutput(self, "DefaultGroup", value=vpc.vpc_default_security_group)


class NetworkStage(cdk.Stage):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.group = NetworkStack(self, "Network").group


class NetworkPipelineStack(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        source = pipelines.CodePipelineSource.connection("somebody/network", "main", connection_arn=CONNECTION)
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
        stage = NetworkStage(self, "Prod")
        look = pipelines.CodeBuildStep(
            "Look",
            input=source,
            env_from_cfn_outputs={"GROUP": stage.group},
            commands=["pip install --quiet --no-compile -r requirements-builds.txt", "python3 look.py"],
            role_policy_statements=[iam.PolicyStatement(actions=["ec2:DescribeSecurityGroups"], resources=["*"])],
        )
        pipeline.add_stage(stage, post=[look])


app = cdk.App()
NetworkPipelineStack(app, "NetworkPipeline")
app.synth()
