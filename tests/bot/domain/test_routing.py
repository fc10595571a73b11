"""Which channel a new case's card goes to: the grammar of routes, their order, and what stays where it is."""

import pytest

from bot.domain.case import Mark, MarkName, PostKind
from bot.domain.decisions import Change
from bot.domain.models import CaseKey, Kind
from bot.domain.passing import pass_time
from bot.domain.reading import Reading
from bot.domain.receiving import open_case, receive
from bot.domain.routing import Route, read_route, read_routes
from connectors.registry import NETWORKS
from tests.support.cases import NOON, a_card, a_case, a_wait, an_item
from tests.support.policies import CHANNEL, MANAGER, ON_CALL, a_policy

REVIEWS, PRIVATE = "C0REVIEWS1", "G0PRIVATE1"
RITA, SAM = "U0RITA0001", "W0SAM00001"
KEY = CaseKey(network="facebook", account="main", conversation="t1")
SHOP = CaseKey(network="facebook", account="shop", conversation="t1")
ELSEWHERE = CaseKey(network="webhook", account="main", conversation="t1")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"review={REVIEWS}", Route(channel=REVIEWS, kind=Kind.REVIEW)),
        (f"facebook={REVIEWS}", Route(channel=REVIEWS, network="facebook")),
        (f"facebook/shop={REVIEWS}", Route(channel=REVIEWS, network="facebook", account="shop")),
        (f"facebook:message={PRIVATE}", Route(channel=PRIVATE, network="facebook", kind=Kind.MESSAGE)),
        (
            f"Facebook/SHOP_2:Message = {PRIVATE}",
            Route(channel=PRIVATE, network="facebook", account="shop_2", kind=Kind.MESSAGE),
        ),
        (f"x={REVIEWS}  {RITA} {SAM}", Route(channel=REVIEWS, network="x", people=(RITA, SAM))),
    ],
)
def test_a_route_names_a_kind_a_network_or_an_account(text: str, expected: Route) -> None:
    """Accounts may be written as in their variables, in capitals."""
    assert read_route(text) == expected


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (REVIEWS, "is no route"),
        (f"={REVIEWS}", "is no route"),
        ("review=", "is no route"),
        ("review=#reviews", "is no route"),
        ("review=U0PERSON01", "is no route"),
        (f"review={REVIEWS}U0PERSON01 x", "is no route"),
        (f"review={REVIEWS} rita", "is no route"),
        (f"review={REVIEWS} {CHANNEL}", "is no route"),
        (f"review:{REVIEWS}", "is no route"),
        (f"facebook/={REVIEWS}", "is no route"),
        (f"facebook:={REVIEWS}", "is no route"),
        (f"facebook/a/b={REVIEWS}", "is no route"),
        (f"review=facebook={REVIEWS}", "is no route"),
        (f"facebook:shop={REVIEWS}", "no cards for 'shop', only for comment, mention, message, review, post, match"),
        (f"follow={REVIEWS}", "no cards for 'follow'"),
        (f"facebook:reaction={REVIEWS}", "no cards for 'reaction'"),
        ("x" * 4000, f"'{'x' * 60}' is no route"),
    ],
)
def test_what_is_no_route_is_told_with_examples(text: str, why: str) -> None:
    """Whoever set it reads what would be one, and never all of a long mistake."""
    with pytest.raises(ValueError, match=r"route|no cards") as error:
        read_route(text)
    assert why in str(error.value)
    assert len(str(error.value)) < 300


@pytest.mark.parametrize(
    ("early", "late"),
    [
        (f"facebook={REVIEWS}", f"facebook={PRIVATE}"),
        (f"facebook={REVIEWS}", f"facebook/shop={PRIVATE}"),
        (f"facebook={REVIEWS}", f"facebook/shop:message={PRIVATE}"),
        (f"message={REVIEWS}", f"facebook:message={PRIVATE}"),
    ],
)
def test_a_route_that_never_comes_into_play_is_refused(early: str, late: str) -> None:
    """The other way round both have their cases, unless they are for the very same ones."""
    with pytest.raises(ValueError, match="put it first"):
        read_routes([f"x={PRIVATE}", early, late])
    if read_route(early).cases != read_route(late).cases:
        assert len(read_routes([f"x={PRIVATE}", late, early])) == 3


def test_the_first_route_that_fits_counts() -> None:
    """What overlaps is decided by the order; what fits no route goes to the team's channel."""
    policy = a_policy(routes=read_routes([f"message={PRIVATE}", f"facebook/shop={REVIEWS}", f"review={CHANNEL}"]))
    assert policy.channel_of(SHOP, Kind.MESSAGE) == PRIVATE
    assert policy.channel_of(SHOP, Kind.COMMENT) == REVIEWS
    assert policy.channel_of(KEY, Kind.COMMENT) == CHANNEL
    assert policy.channel_of(ELSEWHERE, Kind.REVIEW) == CHANNEL
    assert policy.channels == (CHANNEL, PRIVATE, REVIEWS)


def test_without_routes_there_is_one_channel() -> None:
    """As ever."""
    assert a_policy().channel_of(KEY, Kind.MESSAGE) == CHANNEL
    assert a_policy().channels == (CHANNEL,)


def test_a_case_stays_on_its_card_whatever_comes_next() -> None:
    """A case that began with a comment has its card there; what its customer says in private later does not move it."""
    policy = a_policy(routes=read_routes([f"message={PRIVATE}", f"comment={REVIEWS}"]))
    opened = open_case(KEY, an_item(kind=Kind.COMMENT), Reading(), policy).case
    assert opened.card is not None
    assert opened.card.channel == REVIEWS
    later = receive(opened, an_item(seq=2, id="second", kind=Kind.MESSAGE, private=True), Reading(), policy).case
    assert {post.channel for post in later.posts} == {REVIEWS}


def test_no_network_is_called_like_what_customers_do() -> None:
    """A route's single word is a kind or a network: it must never be both."""
    assert not {network.name for network in NETWORKS} & {kind.value for kind in Kind}


RUNG = a_policy(routes=read_routes([f"message={PRIVATE} {RITA}", f"facebook={CHANNEL} {SAM} {RITA}", f"x={REVIEWS}"]))


@pytest.mark.parametrize(
    ("key", "kind", "channel", "expected"),
    [
        (KEY, Kind.MESSAGE, PRIVATE, (RITA,)),
        (SHOP, Kind.COMMENT, CHANNEL, (SAM, RITA)),
        (ELSEWHERE, Kind.COMMENT, CHANNEL, (ON_CALL,)),
        (CaseKey(network="x", account="main", conversation="t1"), Kind.MENTION, REVIEWS, (ON_CALL,)),
        (KEY, Kind.MESSAGE, "C0BEFORE01", (ON_CALL,)),
        (KEY, Kind.COMMENT, PRIVATE, (ON_CALL,)),
    ],
)
def test_the_people_of_a_route_are_on_call_for_its_cases(
    key: CaseKey, kind: Kind, channel: str, expected: tuple[str, ...]
) -> None:
    """Instead of the team's own, who are for routes without people, for what fits none, and for cards of earlier
    routes. Of two routes into one channel each has its cases."""
    case = a_case(key=key, items=(an_item(kind=kind),), posts=(a_card(channel=channel),))
    assert RUNG.on_call(case) == expected


def test_a_case_without_a_card_has_the_team_on_call() -> None:
    """It is still to be decided where it stands."""
    assert RUNG.on_call(a_case(posts=())) == (ON_CALL,)


def test_everybody_who_may_be_rung_is_known_once() -> None:
    """For whoever looks whether they can be reached, or looks through what was written to them."""
    assert RUNG.people == (ON_CALL, MANAGER, RITA, SAM)


@pytest.mark.parametrize(
    ("managers", "mark", "rung"),
    [
        ((), MarkName.ACK_WARNING, {RITA}),
        ((), MarkName.ANSWER_BREACH, {RITA}),
        ((), MarkName.ESCALATION, {RITA}),
        ((MANAGER,), MarkName.ESCALATION, {MANAGER}),
    ],
)
def test_what_falls_due_rings_them(managers: tuple[str, ...], mark: MarkName, rung: set[str]) -> None:
    """And nobody of the team's own; an escalation names them in the channel where a manager is rung instead."""
    policy = RUNG.model_copy(update={"manager_users": managers})
    wait = a_wait(NOON, marks=(Mark(name=mark, at=NOON),))
    case = a_case(items=(an_item(kind=Kind.MESSAGE),), posts=(a_card(channel=PRIVATE),), wait=wait)
    passed = pass_time(case, NOON, policy)
    assert isinstance(passed, Change)
    assert {post.channel for post in passed.case.posts if post.kind is PostKind.ALERT} == rung
    named = {user for post in passed.case.posts for user in post.mentions}
    assert named == ({RITA} if MANAGER in rung else set())
