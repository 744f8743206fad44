"""The CodeBuild action: a project's own buildspec, run by a shell of this machine in a sandbox folder.

What runs as on AWS: the project that was deployed and its IAM role, one shell for all of a build's commands, the phases
with their rules, the environment and its order of precedence, secrets and their masking, artifacts, time-outs.
What does not: the image. Commands run on this machine, with the run's own Python and this machine's Node and system
tools; a build that needs another system or privileges fails here.

    buildspec.py            text -> Buildspec
    project.py              the deployed project, and StartBuild as the action's role
    project_buildspec.py    the project's buildspec, inline or a file of the source
    sources.py              which input artifact a build runs in, and the identifiers of the others
    variables.py            the variables of project, buildspec and action, secrets resolved as the project's role
    parameter_store.py      parameters, as the role may read them
    build_environment.py    the variables that CodeBuild itself sets
    sandbox.py              home, Python, npm and PATH of one build; the shared caches
    shell.py                the one shell: a command goes in, its output lines and exit code come out
    phases.py               which command runs after which, and what fails the build
    artifacts.py            files -> output artifacts
    exported_variables.py   what of the environment goes on to the pipeline
    project_cache.py        whether the project keeps the buildspec's cache paths, which local_cache.py does
    gate.py                 which of the report's gates a failing command is
    build_action.py         puts them together

Tables of all that AWS's pages name, each entry with its handling (handling.py): buildspec_keys.py,
project_properties.py, action_configuration.py. notices.py says what of a build is not done.
"""
