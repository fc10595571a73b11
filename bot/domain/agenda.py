"""When a case wants attention next, derived from the case alone.

Timers, sends and lists are not kept beside the case: they follow from it. The store writes what these functions say
with every commit, so a timer can never disagree with its case, and one that comes too late finds nothing to do.
"""

from collections.abc import Iterator
from datetime import datetime

from bot.domain.case import UNSETTLED, Case, Claim, HideState, Send, SendState

QUICK_CHECKS = 5
"""So often a send of unknown fate is looked for soon; afterwards seldom, and later sends wait for it no more."""
MOST_CHECKS = QUICK_CHECKS + 48
"""Two days later it is left to a person: where the network can never tell, a case would change for ever, and stay."""

WAITING, HIDING, MISPLACED = "waiting", "hiding", "misplaced"
SAID = ("again", "acknowledged", "broken")
"""The lists that say more of those in `waiting`. The version before does not take a case out of all of them."""


def next_timer(case: Case) -> datetime | None:
    """The instant at which time alone will change this case, if there is one."""
    instants = [] if case.wait is None else [mark.at for mark in case.wait.marks]
    instants += [each.until for each in case.hidings if each.state is HideState.ASKED]
    if case.claim and lease_runs(case):
        instants.append(case.claim.until if lapsing(case) else case.claim.ask_at)
    if case.writing:
        instants.append(case.writing.until)
    if case.snooze:
        instants.append(case.snooze.until)
    return min(instants, default=None)


def lease_runs(case: Case) -> bool:
    """A claim can lapse only while the customer waits: nobody is nagged about a case that waits for the customer."""
    return case.claim is not None and case.wait is not None


def lapsing(case: Case) -> Claim | None:
    """The claim whose holder was asked to confirm it, and which lapses unless they do. A question whose time ran out
    before the customer began to wait is asked again."""
    held, wait = case.claim, case.wait
    return held if held and held.asked and wait and wait.since < held.until else None


def next_send(case: Case) -> datetime | None:
    """When the case's next send is due: to be sent, or to be looked for when its fate is unknown."""
    return min((send.due_at for send in in_line(case)), default=None)


def in_line(case: Case) -> Iterator[Send]:
    """The sends whose turn it is, oldest first: what is on its way, waiting or freshly unknown holds up later ones.

    So a later reply never overtakes an earlier one. What failed holds up nothing, nor does what could not be found in
    several looks: should it turn out later that it never arrived, it fails (see `sending.missing`). What was given up
    has no turn until somebody asks.
    """
    for send in case.sends:
        if send.state in UNSETTLED and not given_up(send):
            yield send
            if send.state is not SendState.UNKNOWN or send.attempt <= QUICK_CHECKS:
                return


def given_up(send: Send) -> bool:
    """Whether a send of unknown fate is not looked for any more."""
    return send.state is SendState.UNKNOWN and send.attempt > MOST_CHECKS


def draw_priority(case: Case) -> int:
    """Who is drawn first when Slack's limits make some wait: a broken promise, then what triage says (1 to 4)."""
    return 0 if case.wait is not None and case.wait.breached else case.priority


def open_list(network: str, account: str) -> str:
    """The list of an account's open cases."""
    return f"open:{network}:{account}"


def claimed_list(user: str) -> str:
    """The list of the open cases that a Slack user has claimed."""
    return f"claimed:{user}"


def indexes(case: Case) -> dict[str, datetime]:
    """The sorted lists in which the case stands, each with the instant it is sorted by.

    `waiting`: a customer waits (by what is due), and if they have had a first word also `acknowledged`, or after an
    answer `again` (both by since when they wait); without an answer `broken`, if a promise was broken other than that
    by which they are due (by when this cycle was seen); `claimed:<user>`: open and claimed (by what is due, else the
    end of a snooze, else claim time); `open:<network>:<account>`: open (by when this cycle was seen); `hiding`:
    somebody asked to hide a comment and nobody decided yet (by when it was asked), closed cases too; `misplaced`: Slack
    refused one of its messages.
    """
    asked = [each.at for each in case.hidings if each.state is HideState.ASKED]
    lists = {HIDING: min(asked)} if asked else {}
    if not case.is_open:
        return lists
    lists[open_list(case.key.network, case.key.account)] = case.cycle.seen_at
    if case.wait:
        lists[WAITING] = case.wait.due
        if case.cycle.answered_at:
            lists["again"] = case.wait.since
        elif case.cycle.acknowledged_at:
            lists["acknowledged"] = case.wait.since
        if case.cycle.missed and not case.wait.breached and not case.cycle.answered_at:
            lists["broken"] = case.cycle.seen_at
    if any(post.error for post in case.posts):
        lists[MISPLACED] = case.cycle.seen_at
    if case.claim:
        again = case.snooze.until if case.snooze else case.claim.at
        lists[claimed_list(case.claim.by.id)] = case.wait.due if case.wait else again
    return lists
