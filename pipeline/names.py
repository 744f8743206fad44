"""What the pipeline and its stages are called: for its stack, and for what asks it by name.

It must not import CDK, which nobody who only asks needs.
"""

PIPELINE_NAME = "AutonomousCarManager"
STAGING, APPROVAL, PROD = "Staging", "ApproveProd", "Prod"
SELF_MUTATION = "UpdatePipeline"
"""CDK Pipelines' own name of the stage in which the pipeline updates itself."""
