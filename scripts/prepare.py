"""Checks the machine and installs what the project needs into its own folder; quick when nothing changed.

It must not need anything but a Python (one that is too old has to be able to read it and say so), and must not touch
anything outside this project: Python packages go to .venv, npm packages to node_modules. It installs nothing whose hash
is not in constraints.txt or in package-lock.json: a registry may be anybody's.
"""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON_MINIMUM = (3, 11)
NODE_MINIMUM = 20
PACKAGES = "constraints.txt"
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"


def stop(message: str) -> None:
    sys.stderr.write(f"prepare: {message}\n")
    sys.exit(2)


def output_of(command: "list[str]") -> str:
    try:
        return subprocess.check_output(command, stderr=subprocess.STDOUT).decode("utf-8", "replace").strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def check_python() -> None:
    if sys.version_info < PYTHON_MINIMUM:
        found = ".".join(str(part) for part in sys.version_info[:3])
        stop(
            f"Python 3.11 or newer is needed, and {sys.executable} is {found}. "
            "Install one, then name it: make PYTHON=python3.13 run"
        )


def check_node() -> None:
    version = output_of(["node", "--version"])
    if not version:
        stop(
            "Node.js 22 or 24 is needed (at least 20), and there is no `node` on the PATH. Install it, then run again."
        )
    if int(version.lstrip("v").split(".")[0]) < NODE_MINIMUM:
        stop(f"Node.js 22 or 24 is needed (at least {NODE_MINIMUM}), and `node` is {version}. Install a newer one.")
    if not output_of(["npm", "--version"]):
        stop("npm is needed beside Node.js, and there is no `npm` on the PATH. Install it, then run again.")


def check_git() -> None:
    if not output_of(["git", "--version"]):
        stop("git is needed, and there is no `git` on the PATH. Install it, then run again.")


def digest(names: "tuple[str, ...]", *more: str) -> str:
    hashed = hashlib.sha256("\0".join(more).encode())
    for name in names:
        hashed.update((ROOT / name).read_bytes())
    return hashed.hexdigest()


def is_done(stamp: Path, wanted: str) -> bool:
    return stamp.exists() and stamp.read_text() == wanted


def print_step(what: str) -> None:
    sys.stderr.write(f"prepare: {what}\n")


def succeeds(command: "list[str]") -> bool:
    """Whether it works; it may say nothing, for there is another way. A pip inside .venv costs three seconds."""
    return subprocess.call(command, cwd=str(ROOT), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


def run(what: str, command: "list[str]") -> None:
    """`what` is "" of a step that is quick every time."""
    if what:
        print_step(what)
    if subprocess.call(command, cwd=str(ROOT), stdout=sys.stderr) != 0:
        stop(f"this failed: {' '.join(command)}\nIts own message is above; mend that, then run again.")


def pin_with_hashes(name: str) -> str:
    """The package's lines of constraints.txt: a pip that is given hashes takes them from a file alone."""
    lines = iter((ROOT / PACKAGES).read_text().splitlines(True))
    found = [next(line for line in lines if line.startswith(name + "=="))]
    while found[-1].rstrip().endswith("\\"):
        found.append(next(lines))
    return "".join(found)


def base_python() -> str:
    """Not the python of .venv, which is gone by then: whoever has activated .venv runs this with it."""
    return getattr(sys, "_base_executable", None) or sys.executable


def prepare_python() -> None:
    wanted = digest((PACKAGES,), sys.version, str(VENV))
    stamp = VENV / ".prepared"
    if is_done(stamp, wanted) and VENV_PYTHON.exists():
        return
    if VENV.is_symlink():
        VENV.unlink()
    elif VENV.exists():
        shutil.rmtree(str(VENV))
    python = str(VENV_PYTHON)
    print_step("making .venv with Python {}.{}".format(*sys.version_info[:2]))
    base = base_python()
    VENV.mkdir()
    only_uv = VENV / "uv.txt"
    only_uv.write_text(pin_with_hashes("uv"))
    install_uv = ["install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", str(only_uv)]
    bare = [base, "-m", "venv", "--without-pip", str(VENV)]
    if not all(succeeds(command) for command in (bare, [base, "-m", "pip", "--python", python, *install_uv])):
        run("making .venv with a pip of its own", [base, "-m", "venv", str(VENV)])
        run("installing uv", [python, "-m", "pip", *install_uv])
    # All that requirements-dev.txt leads to: of what is not named here, or has another hash, nothing is installed.
    uv = [str(VENV / "bin" / "uv"), "pip", "install", "--quiet", "--python", python]
    what = "installing the pinned Python packages (about a minute the first time)"
    run(what, [*uv, "--require-hashes", "-r", PACKAGES])
    stamp.write_text(wanted)


def prepare_types() -> None:
    """What mypy reads of aws-cdk-lib. It depends on what the sources import, and so has a stamp of its own."""
    run("", [str(VENV_PYTHON), "scripts/cdk_signatures.py"])


def prepare_node() -> None:
    wanted = digest(("package.json", "package-lock.json"))
    stamp = ROOT / "node_modules" / ".prepared"
    if is_done(stamp, wanted):
        return
    # As the step does that makes the release evidence: what its library asks for beside itself, it does not run.
    install = ["npm", "ci", "--omit=peer", "--no-audit", "--no-fund", "--loglevel=error"]
    run("installing the pinned CDK CLI and cdk-assets", install)
    stamp.write_text(wanted)


def prepare_python_and_types() -> None:
    prepare_python()
    prepare_types()


def main() -> None:
    check_python()
    check_git()
    check_node()
    with (ROOT / ".prepare.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second `make` at once waits here instead of writing into the same folders
        with ThreadPoolExecutor() as threads:
            for prepared in [threads.submit(prepare_python_and_types), threads.submit(prepare_node)]:
                prepared.result()


if __name__ == "__main__":
    main()
