"""The CodeBuild action: a project's own buildspec, run by a shell of this machine in a sandbox folder.

What runs as on AWS: the project that was deployed and its IAM role, one shell for all of a build's commands, the phases
with their rules, the environment and its order of precedence, secrets and their masking, artifacts, time-outs.
What does not: the image. Commands run on this machine, with the run's own Python and this machine's Node and system
tools; a build that needs another system or privileges fails here.

    buildspec.py      text -> Buildspec
    project.py        the deployed project, and StartBuild as the action's role
    variables.py      the build's environment variables, secrets resolved as the project's role
    sandbox.py        home, Python, npm and PATH of one build; the shared caches
    shell.py          the one shell: a command goes in, its output lines and exit code come out
    phases.py         which command runs after which, and what fails the build
    artifacts.py      files -> output artifacts
    gate.py           which of the report's gates a failing command is
    build_action.py   puts them together
"""
