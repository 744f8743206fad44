"""Checks the machine and installs what the project needs into its own folder; quick when nothing changed.

It must not need anything but a Python (an old one gets a clear message, so no new syntax here), and must not touch
anything outside this project: Python packages go to .venv, npm packages to node_modules.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PYTHON_MINIMUM = (3, 11)
NODE_MINIMUM = 20
REQUIREMENTS = ("requirements.txt", "requirements-dev.txt", "constraints.txt")
VENV = os.path.join(ROOT, ".venv")
VENV_PYTHON = os.path.join(VENV, "bin", "python")


def stop(message):
    sys.stderr.write("prepare: " + message + "\n")
    sys.exit(2)


def output_of(command):
    try:
        return subprocess.check_output(command, stderr=subprocess.STDOUT).decode("utf-8", "replace").strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def check_python():
    if sys.version_info < PYTHON_MINIMUM:
        stop(
            "Python {}.{} or newer is needed, and {} is {}.{}. Install one, then name it: make PYTHON=python3.13 run".format(
                PYTHON_MINIMUM[0], PYTHON_MINIMUM[1], sys.executable, sys.version_info[0], sys.version_info[1]
            )
        )


def check_node():
    version = output_of(["node", "--version"])
    if not version:
        stop(
            "Node.js is needed (22 or 24, at least 20), and there is no `node` on the PATH. Install it, then run again."
        )
    if int(version.lstrip("v").split(".")[0]) < NODE_MINIMUM:
        stop(
            "Node.js 22 or 24 (at least {}) is needed, and `node` is {}. Install a newer one.".format(
                NODE_MINIMUM, version
            )
        )
    if not output_of(["npm", "--version"]):
        stop("npm is needed beside Node.js, and there is no `npm` on the PATH. Install it, then run again.")


def check_git():
    if not output_of(["git", "--version"]):
        stop("git is needed, and there is no `git` on the PATH. Install it, then run again.")


def digest(names, *more):
    hashed = hashlib.sha256("\0".join(more).encode())
    for name in names:
        with open(os.path.join(ROOT, name), "rb") as file:
            hashed.update(file.read())
    return hashed.hexdigest()


def is_done(stamp, wanted):
    try:
        with open(stamp) as file:
            return file.read() == wanted
    except OSError:
        return False


def run(what, command):
    sys.stderr.write("prepare: " + what + "\n")
    if subprocess.call(command, cwd=ROOT, stdout=sys.stderr) != 0:
        stop("this failed: {}\nIts own message is above; mend that, then run again.".format(" ".join(command)))


def pinned(name):
    with open(os.path.join(ROOT, "constraints.txt")) as file:
        return next(line.strip() for line in file if line.startswith(name + "=="))


def prepare_python():
    wanted = digest(REQUIREMENTS, sys.version, VENV)
    stamp = os.path.join(VENV, ".prepared")
    if is_done(stamp, wanted) and os.path.exists(VENV_PYTHON):
        return
    if os.path.exists(VENV):
        shutil.rmtree(VENV)
    run("making .venv with Python {}.{}".format(*sys.version_info[:2]), [sys.executable, "-m", "venv", VENV])
    run("installing uv", [VENV_PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", pinned("uv")])
    uv = os.path.join(VENV, "bin", "uv")
    run(
        "installing the pinned Python packages (about a minute the first time)",
        [
            uv,
            "pip",
            "install",
            "--quiet",
            "--python",
            VENV_PYTHON,
            "-r",
            "requirements-dev.txt",
            "-c",
            "constraints.txt",
        ],
    )
    with open(stamp, "w") as file:
        file.write(wanted)


def prepare_node():
    wanted = digest(("package.json", "package-lock.json"))
    stamp = os.path.join(ROOT, "node_modules", ".prepared")
    if is_done(stamp, wanted):
        return
    run("installing the pinned CDK CLI and cdk-assets", ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"])
    with open(stamp, "w") as file:
        file.write(wanted)


def main():
    check_python()
    check_git()
    check_node()
    with open(os.path.join(ROOT, ".prepare.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second `make` at once waits here instead of writing into the same folders
        prepare_python()
        prepare_node()


if __name__ == "__main__":
    main()
