"""`python -m chatscale` is `chatscale`."""

from chatscale.cli import main

if __name__ == "__main__":
    main()
