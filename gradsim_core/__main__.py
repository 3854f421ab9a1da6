"""The command ``gradsim``, also as ``python -m gradsim_core``."""

import sys


def main() -> None:
    """Run the command line; Ctrl-C before it listens ends in one sentence, too."""
    try:
        from gradsim_core.cli import main as command

        command()
    except KeyboardInterrupt:
        sys.stderr.write("gradsim: Stopped.\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
