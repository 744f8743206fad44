"""An app as tutorials have it: no account, no region, and a CodeCommit repository in the pipeline's own stack.

After the deployment its pipeline calls the API by the address that the stack puts out.
"""

from __future__ import annotations

import json
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import pipelines
from constructs import Construct

CDK_CLI = json.loads(Path(__file__).with_name("package.json").read_text())["dependencies"]["aws-cdk"]
HIT_COUNTER = """
import boto3, os

def handler(event, context):
    table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
    item = table.update_item(
        Key={"path": event["path"]}, UpdateExpression="ADD hits :one",
        ExpressionAttributeValues={":one": 1}, ReturnValues="ALL_NEW",
    )["Attributes"]
    return {"statusCode": 200, "body": f"hit {item['hits']} of {item['path']}"}
"""


class HitsStack(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        table = dynamodb.Table(
            self,
            "Hits",
            partition_key=dynamodb.Attribute(name="path", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        counter = lambda_.Function(
            self,
            "Counter",
            runtime=lambda_.Runtime.PYTHON_3_13,
            handler="index.handler",
            code=lambda_.Code.from_inline(HIT_COUNTER),
            environment={"TABLE": table.table_name},
        )
        table.grant_read_write_data(counter)
        api = apigateway.LambdaRestApi(self, "Endpoint", handler=counter)
        self.endpoint = cdk.CfnOutput(self, "EndpointUrl", value=api.url)


class HitsStage(cdk.Stage):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.endpoint = HitsStack(self, "Hits").endpoint


class HitsPipelineStack(cdk.Stack):
    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        repository = codecommit.Repository(self, "Repository", repository_name="hits")
        pipeline = pipelines.CodePipeline(
            self,
            "Pipeline",
            synth=pipelines.ShellStep(
                "Synth",
                input=pipelines.CodePipelineSource.code_commit(repository, "main"),
                env={"CDK_VALIDATION": "false"},  # CloudFormation's own rules take CDK long to load
                install_commands=[
                    "pip install --quiet --no-compile -r requirements.txt",
                    f"npm install --global --silent aws-cdk@{CDK_CLI}",
                ],
                commands=["cdk synth --quiet"],
            ),
            cli_version=CDK_CLI,
        )
        stage = HitsStage(self, "Deploy")
        hit = pipelines.ShellStep(
            "Hit",
            env_from_cfn_outputs={"ENDPOINT_URL": stage.endpoint},
            commands=['test "$(curl -Ssf ${ENDPOINT_URL}first)" = "hit 1 of /first"'],
        )
        pipeline.add_stage(stage, post=[hit])


app = cdk.App()
HitsPipelineStack(app, "HitsPipeline")
app.synth()
