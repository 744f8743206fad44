"""The pipeline's definition as CloudFormation gets it, for what CDK Pipelines has no property for.

It must not change the definition: who asks for it does.
"""

from __future__ import annotations

from aws_cdk import aws_codepipeline as codepipeline

from pipeline.errors import PipelineError


def definition_of(pipeline: codepipeline.Pipeline) -> codepipeline.CfnPipeline:
    """Raises PipelineError when the construct is made of something else."""
    resource = pipeline.node.default_child
    if not isinstance(resource, codepipeline.CfnPipeline):
        raise PipelineError(f"{pipeline.node.path} is not made of an AWS::CodePipeline::Pipeline")
    return resource
