"""The schedule of a run: a pure function of its seed, with something of everything in it."""

from collections import Counter
from itertools import chain

from tests.chaos.schedule import ANSWERERS, BUSY_S, LINES, LONGEST_TALK, PROCESSES, plan, struck, token

MANY = range(60)


def test_the_same_seed_is_the_same_run_and_another_seed_another() -> None:
    """A failure can be run again by its number."""
    assert plan(17) == plan(17)
    assert len({plan(seed) for seed in MANY}) == len(MANY)


def test_every_kind_of_fault_meets_everything_it_can_meet_in_some_run() -> None:
    """Nothing is spared by mistake."""
    found = {(fault.what, fault.whom) for fault in chain.from_iterable(plan(seed).faults for seed in MANY)}
    kinds = {what: {whom for each, whom in found if each == what} for what, _ in found}
    processes, lines, answerers = set(PROCESSES), set(LINES), set(ANSWERERS)
    assert [kinds.pop(what) for what in ("kill", "pause", "stop")] == [processes] * 3
    assert [kinds.pop(what) for what in ("cut", "delay", "mute")] == [lines] * 3
    assert [kinds.pop(what) for what in ("429", "500", "lost")] == [answerers] * 3
    assert not kinds


def test_no_two_faults_of_the_same_thing_overlap() -> None:
    """A process that is dead already is not killed, and each has a second to itself after a fault."""
    for seed in MANY:
        last: dict[str, float] = {}
        for fault in plan(seed).faults:
            assert fault.at >= last.get(fault.whom, 0.0)
            last[fault.whom] = fault.at + fault.lasts + 1.0


def test_events_have_names_of_their_own_and_conversations_begin_with_words() -> None:
    """Every token is unique and holds no digit; each conversation stays on one network, short enough to be kept."""
    for seed in MANY:
        made = plan(seed)
        tokens = [event.token for event in made.events] + [deed.token for deed in made.deeds if deed.token]
        assert len(set(tokens)) == len(tokens)
        assert all(each.isalpha() for each in tokens)
        assert [event.at for event in made.events] == sorted(event.at for event in made.events)
        assert made.events[-1].at <= BUSY_S
        seen: dict[int, str] = {}
        for event in made.events:
            assert event.talk in seen or event.what != "like"
            assert seen.setdefault(event.talk, event.network) == event.network
        words = Counter(event.talk for event in made.events if event.what != "like")
        assert max(words.values()) <= LONGEST_TALK


def test_staff_answer_only_what_has_words_and_sometimes_two_want_the_same_case() -> None:
    """Deeds begin after their conversation; rivals for one claim come up."""
    rivals = 0
    for seed in MANY:
        made = plan(seed)
        begun = {event.talk: event.at for event in reversed(made.events) if event.what != "like"}
        assert all(deed.at >= begun[deed.talk] for deed in made.deeds)
        claims = Counter(deed.talk for deed in made.deeds if deed.what == "claim")
        rivals += sum(1 for count in claims.values() if count == 2)
    assert rivals > len(MANY)


def test_a_token_spells_its_number_in_letters() -> None:
    """Neighbours differ, and none is part of another."""
    tokens = [token("evt", number) for number in range(1000)]
    assert len(set(tokens)) == 1000
    assert tokens[:2] == ["evtaaaaq", "evtaaabq"]


def test_a_struck_run_has_the_same_events_and_only_strikes_at_its_moment() -> None:
    """Whoever knows the moment is killed at it three times."""
    made = struck(plan(7), "replied")
    assert (made.events, made.deeds) == (plan(7).events, plan(7).deeds)
    assert Counter((fault.whom, fault.what, fault.when) for fault in made.faults) == {
        ("worker1", "kill", "replied"): 3,
        ("worker2", "kill", "replied"): 3,
    }
    assert {fault.whom for fault in struck(plan(7), "queued").faults} == {"web"}
