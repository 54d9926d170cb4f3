"""``python -m micronas``."""

from micronas.cli import main

if __name__ == "__main__":
    main()
