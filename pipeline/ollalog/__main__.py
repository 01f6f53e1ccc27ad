"""`python -m ollalog`: the same program as `ollalog`."""

from ollalog.cli.main import main

main()
