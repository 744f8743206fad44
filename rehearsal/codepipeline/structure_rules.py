"""CodePipeline's rules on stages, actions, artifacts and stores (definition_rules.py says where each is documented).

Each answers sentences for what is wrong. They must not know conditions, variables or triggers.
"""

from __future__ import annotations

from collections.abc import Iterator

from rehearsal.codepipeline.actions.action import ActionDeclaration
from rehearsal.codepipeline.declared_definition import Definition, twice

# "Valid input and output artifacts for each action type": least and most inputs, then outputs.
ARTIFACT_COUNTS = {
    ("Source", "S3"): (0, 0, 1, 1),
    ("Source", "CodeCommit"): (0, 0, 1, 1),
    ("Source", "ECR"): (0, 0, 1, 1),
    ("Source", "CodeStarSourceConnection"): (0, 0, 1, 1),
    ("Source", "GitHub"): (0, 0, 1, 1),
    ("Build", "CodeBuild"): (1, 5, 0, 5),
    ("Test", "CodeBuild"): (1, 5, 0, 5),
    ("Approval", "Manual"): (0, 0, 0, 0),
    ("Deploy", "S3"): (1, 1, 0, 0),
    ("Deploy", "CloudFormation"): (0, 10, 0, 1),
    ("Deploy", "CodeDeploy"): (1, 1, 0, 0),
    ("Deploy", "ECS"): (1, 1, 0, 0),
    ("Invoke", "Lambda"): (0, 5, 0, 5),
}
# What the reference of each action calls required.
REQUIRED_CONFIGURATION = {
    ("Source", "S3"): ("S3Bucket", "S3ObjectKey"),
    ("Source", "CodeCommit"): ("RepositoryName", "BranchName"),
    ("Source", "CodeStarSourceConnection"): ("ConnectionArn", "FullRepositoryId", "BranchName"),
    ("Source", "GitHub"): ("Owner", "Repo", "Branch", "OAuthToken"),
    ("Build", "CodeBuild"): ("ProjectName",),
    ("Test", "CodeBuild"): ("ProjectName",),
    ("Deploy", "CloudFormation"): ("ActionMode", "StackName"),
}


def two_stages(definition: Definition) -> Iterator[str]:
    if (count := len(definition.parsed.stages)) < 2:
        yield f"Pipeline has only {count} stage(s). There should be a minimum of 2 stages in a pipeline"


def no_empty_stage(definition: Definition) -> Iterator[str]:
    for stage in definition.parsed.stages:
        if not stage.actions:
            yield f"Stage {stage.name} has no action; a stage has at least one"


def sources_come_first(definition: Definition) -> Iterator[str]:
    stages = definition.parsed.stages
    if stages and any(not _is_source(definition, action) for action in stages[0].actions):
        yield "Pipeline should start with a stage that only contains source actions"
    for stage in stages[1:]:
        for action in stage.actions:
            if action.action_type.category == "Source":
                yield (
                    f"Action {action.name} in stage {stage.name} is a source action: source actions can only be in "
                    "the first stage of the pipeline"
                )
    if stages and all(action.action_type.category == "Source" for _, action in definition.actions()):
        yield "At least one stage of the pipeline must contain an action that is not a source action"


def _is_source(definition: Definition, action: ActionDeclaration) -> bool:
    category = action.action_type.category
    return category == "Source" or definition.is_hidden(category)


def unique_names(definition: Definition) -> Iterator[str]:
    for name in twice(definition.shown(stage.name for stage in definition.parsed.stages)):
        yield f"Stage name {name} is used more than once; all stage names within a pipeline must be unique"
    for stage in definition.parsed.stages:
        for name in twice(definition.shown(action.name for action in stage.actions)):
            yield (
                f"Action name {name} is used more than once in stage {stage.name}; all action names within a stage "
                "must be unique"
            )


def unique_outputs(definition: Definition) -> Iterator[str]:
    for name in twice(definition.shown(name for _, action in definition.actions() for name in action.output_artifacts)):
        yield f"Output Artifact Bundle name must be unique within the pipeline. {name} has been used more than once."


def inputs_are_made(definition: Definition) -> Iterator[str]:
    """By an earlier stage, or by an action of the same stage with a lower run order."""
    made: set[str] = set()
    for stage in definition.parsed.stages:
        for group in stage.by_run_order():
            for action in group:
                for name in action.input_artifacts:
                    is_known = name in made or definition.is_hidden(name) or any(map(definition.is_hidden, made))
                    if not is_known:
                        yield (
                            f"Input Artifact Bundle {name} in action {action.name} is not declared as Output Artifact "
                            "Bundle in any of the preceding actions"
                        )
            made.update(name for action in group for name in action.output_artifacts)


def artifact_counts(definition: Definition) -> Iterator[str]:
    for _, action in definition.actions():
        counts = ARTIFACT_COUNTS.get((action.action_type.category, action.action_type.provider))
        if counts is None:
            continue
        least_in, most_in, least_out, most_out = counts
        for kind, names, least, most in (
            ("input", action.input_artifacts, least_in, most_in),
            ("output", action.output_artifacts, least_out, most_out),
        ):
            declares = f"Action {action.name} declares {len(names)} {kind} artifacts which is"
            if len(names) < least:
                yield f"{declares} less than the minimum count ({least})"
            if len(names) > most:
                yield f"{declares} greater than the maximum count ({most})"


def required_configuration(definition: Definition) -> Iterator[str]:
    for _, action in definition.actions():
        for name in REQUIRED_CONFIGURATION.get((action.action_type.category, action.action_type.provider), ()):
            if name not in action.configuration:
                yield f"Action configuration for action '{action.name}' is missing required configuration '{name}'"


def sources_are_here(definition: Definition) -> Iterator[str]:
    for _, action in definition.actions():
        is_source = action.action_type.category == "Source"
        for region in definition.shown([action.region] if is_source and action.region else []):
            if region != definition.region:
                yield f"Source action {action.name} is in {region}; it must be in {definition.region}, as the pipeline"


def artifact_stores(definition: Definition) -> Iterator[str]:
    has_one = bool(definition.properties.get("ArtifactStore"))
    stores = definition.properties.get("ArtifactStores")
    if has_one == bool(stores):
        yield "You must include either artifactStore or artifactStores in your pipeline, but you cannot use both"
        return
    regions = {region for region in definition.parsed.artifact_stores if region is not None}
    used = {definition.region, *(action.region for _, action in definition.actions() if action.region)}
    if has_one:
        regions = {definition.region}
    if isinstance(stores, str) or any(map(definition.is_hidden, regions)):
        return
    for region in definition.shown(sorted(used - regions)):
        hint = ". If you create a cross-region action in your pipeline, you must use artifactStores" if has_one else ""
        yield (
            "There must be an artifact store for the pipeline Region and for each cross-region action in the pipeline; "
            f"there is none for {region}{hint}"
        )
