"""The command line: `python -m bot run|web|worker|check|dead|replay|settings`."""

import argparse
import asyncio
import gc
import os
import signal
import sys
from collections.abc import Mapping

from bot import accounts, letters
from bot.app import open_service, set_up_logging
from bot.checking import check
from bot.docs import capabilities_page, settings_page
from bot.domain.errors import HarkError
from bot.roles import Role, serve

ROLES = {"run": Role.ALL, "web": Role.WEB, "worker": Role.WORKER}


def main() -> int:
    """Run one command; 0 on success, 1 when something is wrong."""
    arguments = _parser().parse_args()
    try:
        return asyncio.run(_run(arguments, os.environ))
    except HarkError as error:
        sys.stderr.write(f"hark: {error}\n")
        return 1


async def _run(arguments: argparse.Namespace, env: Mapping[str, str]) -> int:
    match arguments.command:
        case "check":
            return await check(env, _say)
        case "settings":
            _say(settings_page().rstrip())
            return 0
        case "capabilities":
            _say(capabilities_page().rstrip())
            return 0
        case "dead":
            return await letters.dead(env, _say, arguments.id)
        case "replay":
            return await letters.replay(env, _say, arguments.ids)
        case name:
            return await _serve(ROLES[name], env)


async def _serve(role: Role, env: Mapping[str, str]) -> int:
    settings, found = accounts.settings_of(env)
    set_up_logging(settings, found)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    async with open_service(settings, found, env) as service:
        gc.freeze()  # what stands now stays to the end: each full collection would walk it for 60 ms while events wait
        await serve(service, role, stop)
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


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
    commands.add_parser("settings", help="print docs/settings.md")
    commands.add_parser("capabilities", help="print docs/connectors/capabilities.md")
    return parser


if __name__ == "__main__":
    sys.exit(main())
