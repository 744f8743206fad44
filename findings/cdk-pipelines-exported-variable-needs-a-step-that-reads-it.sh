#!/usr/bin/env bash
# aws-cdk-lib 2.273.0, constructs 10.8.1, Node.js 20 or newer
# What it does: the exported variable of a CodeBuildStep that only a property override of the pipeline reads (an
#   approval's CustomData, say) stops synthesis with "Output for step … not configured", though the step is in the pipeline.
# What one would guess: the token is resolved wherever it stands in the template, as other tokens are. CDK Pipelines gives
#   a step its namespace only where another step has said, when it was made, that it reads one of its outputs.
# Output seen:
#   override alone: Output for step CodeBuildStep(Count) not configured; a step reads it too: #{Count.N}
#   (of the namespace, what stands before its @ is cut off)
# Exits non-zero when the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check aws-cdk-lib==2.273.0 constructs==10.8.1
cat >"$folder/ask.py" <<'PY'
import re, sys, tempfile
from aws_cdk import App, Stack, aws_codecommit, pipelines

def custom_data(is_read):
    app = App(outdir=tempfile.mkdtemp(dir=sys.argv[1]))
    stack = Stack(app, "Pipeline")
    repository = aws_codecommit.Repository(stack, "Repository", repository_name="cars")
    source = pipelines.CodePipelineSource.code_commit(repository, "main")
    pipeline = pipelines.CodePipeline(
        stack, "Pipeline", synth=pipelines.ShellStep("Synth", input=source, commands=["true"]), self_mutation=False
    )
    count = pipelines.CodeBuildStep("Count", commands=["export N=1"])
    variable = count.exported_variable("N")
    steps = [count, pipelines.ManualApprovalStep("Approve")]
    if is_read:
        steps.append(pipelines.CodeBuildStep("Read", commands=["true"], env={"N": variable}))
    pipeline.add_wave("Wave", post=steps)
    pipeline.build_pipeline()
    resource = pipeline.pipeline.node.default_child
    resource.add_property_override("Stages.2.Actions.0.Configuration.CustomData", variable)
    template = app.synth().get_stack_by_name("Pipeline").template
    found = [each for each in template["Resources"].values() if each["Type"] == "AWS::CodePipeline::Pipeline"]
    return found[0]["Properties"]["Stages"][2]["Actions"][0]["Configuration"]["CustomData"]

try:
    alone = custom_data(is_read=False)
except RuntimeError as error:
    alone = re.search(r"Output for step .*? not configured", str(error))[0]
both = re.sub(r"[^{]*@", "", custom_data(is_read=True))
seen = f"override alone: {alone}; a step reads it too: {both}"
print(seen)
sys.exit(seen != "override alone: Output for step CodeBuildStep(Count) not configured; a step reads it too: #{Count.N}")
PY
env -i PATH="$PATH" HOME="$folder" JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20 JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION=1 \
  TMPDIR="$folder" "$folder/venv/bin/python" "$folder/ask.py" "$folder"
