"""`python -m bot forget`: erase a customer who asks for it (GDPR, article 17); without --yes only say what there is.

Nothing personal is printed but what was typed.
"""

from collections.abc import Mapping

from bot import accounts
from bot.app import Service
from bot.cards.words import count
from bot.commands.opening import opened
from bot.commands.terminal import WRONG, Say
from bot.domain.text.triage import Triage
from bot.services.erasing import Erasing, Report, Traces
from bot.services.erasing_slack import SlackErasing

BY_HAND = (
    "by hand: our public answers stand on the network; backups of Redis, exports of Slack and logs of other systems "
    "hold what they held"
)


async def forget(env: Mapping[str, str], say: Say, network: str, who: str, *, yes: bool) -> int:
    """Say what is kept of a customer, or erase it; 0 when it is done, 1 when something is left to do."""
    who, names = who.strip(), accounts.titles()
    if network not in names:
        say(f"no network {network!r}; there are {', '.join(names)}")
        return WRONG
    if not who.removeprefix("@"):
        say("nobody is named: give the customer's id or handle on the network")
        return WRONG
    async with opened(env) as service:
        erasing = _erasing(service, say)
        traces = await erasing.look(network, who)
        if traces.nothing:
            say(f"nothing is kept of that customer of {network}; ids are compared letter by letter")
            return 0
        _say_traces(traces, say)
        if not yes:
            say("nothing was changed; with --yes all of it is erased, and there is no way back")
            return 0
        return _say_report(await erasing.erase(traces), say)


def _erasing(service: Service, say: Say) -> Erasing:
    read = Triage.load().read
    store, clock, policy = service.store, service.clock, service.settings.policy
    slack = SlackErasing(service.slack, clock)
    places = (*policy.channels, *policy.people)
    return Erasing(
        store.erasing, service.casework, service.hourly, store.timers, store.storms, slack, read, clock, places, say
    )


def _say_traces(traces: Traces, say: Say) -> None:
    """What there is, in numbers."""
    its = traces.share
    say(f"{count(its.open + its.closed, 'case')} of their own ({its.open} open, {its.closed} closed)")
    say(f"{count(its.messages, 'message')} in Slack about them, and what stands in their threads")
    if its.queued:
        say(f"{count(its.queued, 'answer')} of ours in them that did not go out yet, and will not")
    if its.others_words:
        say(f"{count(its.others_words, 'post')} of other customers in these cases, which go with them")
    say(f"{count(its.items, 'post')} of theirs in {count(its.shared, 'case')} of others")
    say(count(len(traces.letters), "dead letter"))
    if traces.beside:
        say(f"{count(traces.beside, 'note')} of likes, of how they are called and of thanks to them")
    say(f"{count(traces.deliveries, 'delivery', 'deliveries')} in the inbox")
    if its.answers:
        say(f"{count(its.answers, 'public answer')} of ours, which stand on the network, or may")
    if traces.begun:
        say(f"{count(traces.begun, 'case')} that an earlier run erased and Slack still shows")


def _say_report(report: Report, say: Say) -> int:
    """What went and what is left; the exit code."""
    its, traces = report.traces.share, report.traces
    left: list[str] = []
    if report.trouble:
        left.append(f"not finished: {report.trouble}. Run it again: it goes on where it stopped")
    else:
        say(
            f"erased: {count(its.open + its.closed, 'case')}, {count(its.items, 'post')} in cases of others, "
            f"{count(len(traces.letters), 'dead letter')}, {count(report.deleted, 'message')} in Slack"
        )
    if traces.deliveries:
        waiting = count(traces.deliveries, "delivery", "deliveries")
        left.append(f"{waiting} waited in the inbox: run it again once they are worked off")
    if traces.unread:
        left.append(f"{count(traces.unread, 'case')} only a newer version can read: run it there")
    left += [f"by hand: Slack does not let Hark delete {address}" for address in report.refused]
    left += [f"by hand: people wrote in the thread {address}; Hark may not delete it" for address in report.answered]
    left += [f"by hand: Slack does not let Hark look through {channel}" for channel in report.unseen]
    for each in left:
        say(each)
    say(BY_HAND)
    return 1 if left else 0
