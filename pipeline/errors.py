"""Errors of the pipeline's definition, raised while it is synthesized.

ValueError
└── PipelineError    the definition contradicts itself, or a rule of CodePipeline
"""


class PipelineError(ValueError):
    """The message says what, the value got and what is allowed."""
