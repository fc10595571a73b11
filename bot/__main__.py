"""The command line: `python -m bot run|web|worker|check|dead|replay|forget|settings`."""

import argparse
import gc
import sys


def main() -> int:
    """Run one command; 0 on success, 1 when something is wrong, 2 for a wrong command line."""
    arguments = _parser().parse_args()
    # What is imported stays to the end. The collector would look through it again and again while it grows, a tenth of
    # the start, and later for 60 ms at each full collection, while events wait.
    gc.disable()
    from bot.commands import run  # noqa: PLC0415

    gc.freeze()
    gc.enable()
    return run(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bot", description="Hark: customer care from Slack.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("run", help="everything in one process: what a small team needs")
    commands.add_parser("web", help="listen to networks and to Slack")
    commands.add_parser("worker", help="work the queues off")
    commands.add_parser("check", help="say whether settings, server, Slack and accounts are in order")
    dead = commands.add_parser("dead", help="list deliveries that could not be used, or show one of them")
    dead.add_argument("id", nargs="?", default="", help="which one to show, its personal data masked")
    replay = commands.add_parser("replay", help="put dead letters back into the inbox")
    replay.add_argument("ids", nargs="*", help="which ones; all of them without ids")
    forget = commands.add_parser("forget", help="say what is kept of a customer; with --yes erase it")
    forget.add_argument("network", help="where they are a customer, such as bluesky")
    forget.add_argument("who", help="their id or handle there, exactly; a name is not enough")
    forget.add_argument("--yes", action="store_true", help="erase it; there is no way back")
    commands.add_parser("settings", help="print docs/settings.md")
    commands.add_parser("capabilities", help="print docs/connectors/capabilities.md")
    return parser


if __name__ == "__main__":
    sys.exit(main())
