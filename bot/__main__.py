"""The command line: `python -m bot run|web|worker|check|dead|replay|forget|speed|settings|capabilities`."""

import argparse
import gc
import sys

AS_WRITTEN = argparse.RawDescriptionHelpFormatter
SETTINGS = "Settings come from the environment (docs/settings.md)."
EPILOG = f"""{SETTINGS}
exit: 0 done, 1 something is wrong (the output says what to do), 2 wrong command line
docs: README.md to begin, docs/deploying.md to install, docs/operating.md when something is wrong"""
COMMANDS = {
    "run": ("everything in one process: what a small team needs", SETTINGS),
    "web": ("listen to networks and to Slack", f"At least one `worker` goes with it, and REDIS_URL. {SETTINGS}"),
    "worker": ("work the queues off", f"Any number may run, on any machine. {SETTINGS}"),
    "check": (
        "say whether settings, server, Slack and accounts are in order",
        "It may run beside the others and changes nothing.",
    ),
    "dead": ("list deliveries that could not be used, or show one of them", "They are kept for 30 days."),
    "replay": ("put dead letters back into the inbox", "What was taken in already changes nothing."),
    "forget": (
        "say what is kept of a customer; with --yes erase it",
        "It wants the settings of `web` and `worker`, which go on running.",
    ),
    "speed": (
        "say how fast customers are answered",
        "Those who still wait are counted. docs/operating.md explains the figures.",
    ),
    "settings": ("print docs/settings.md", ""),
    "capabilities": ("print docs/connectors/capabilities.md", ""),
}
"""What the help says of each command: in the list, and beyond that on its own page."""
YOUNG = 30_000
"""How many objects come together before the collector of reference cycles looks through them: twice as many as there
are while a batch of deliveries is worked on. It found none to free among those, and looking at them again and again (at
each 700 new ones, in Python 3.13 at each 2,000) took a worker a tenth of its time."""


def main() -> int:
    """Run one command; 0 on success, 1 when something is wrong, 2 for a wrong command line."""
    arguments = _parser().parse_args()
    # The collector would look through what is imported again and again while it grows: a tenth of the start.
    gc.disable()
    from bot.commands.dispatch import run  # noqa: PLC0415

    leave_in_peace()
    gc.enable()
    return run(arguments)


def leave_in_peace() -> None:
    """Have the collector look seldom at what is new, and never at what is there by now: it stays to the end, and would
    cost 60 ms at each full collection, while events wait."""
    gc.freeze()
    gc.set_threshold(YOUNG)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bot", description="Hark: customer care from Slack.", epilog=EPILOG, formatter_class=AS_WRITTEN
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    added = {
        name: commands.add_parser(name, help=short, description=f"{_sentence(short)} {more}".strip())
        for name, (short, more) in COMMANDS.items()
    }
    added["check"].add_argument("--release", action="store_true", help="fail for settings and server alone")
    added["dead"].add_argument("id", nargs="?", default="", help="which one to show, its personal data masked")
    added["replay"].add_argument("ids", nargs="*", help="which ones; all of them without ids")
    added["forget"].add_argument("network", help="where they are a customer, such as bluesky")
    added["forget"].add_argument("who", help="their id or handle there, exactly; a name is not enough")
    added["forget"].add_argument("--yes", action="store_true", help="erase it; there is no way back")
    added["speed"].add_argument("--days", type=int, default=7, help="of how many days, 1 to 31 (default: 7)")
    added["speed"].add_argument("--json", action="store_true", help="for programs, in seconds")
    return parser


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


if __name__ == "__main__":
    sys.exit(main())
