"""`python -m pltheory`: the command line."""

from pltheory.cli import main

if __name__ == "__main__":
    main()
