"""`python -m toolyard`."""

from toolyard.cli.main import main

main()
