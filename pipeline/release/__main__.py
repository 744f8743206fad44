"""Runs the command line. It must not do anything else."""

from pipeline.release.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
