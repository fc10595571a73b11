"""What the commands of the command line share: where their lines go, and how one ends that was called wrongly."""

from collections.abc import Callable

Say = Callable[[str], None]
"""Takes one line for whoever called the command."""
WRONG = 2
"""The exit code for a wrong command line."""
