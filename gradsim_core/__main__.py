"""The command ``gradsim``, also as ``python -m gradsim_core``."""

from gradsim_core.cli import main

if __name__ == "__main__":
    main()
