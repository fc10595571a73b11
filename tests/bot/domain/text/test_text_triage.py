"""Invented sentences are read as a person would; any text at all is read without raising."""

import socket
from time import process_time
from typing import NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.models import Kind
from bot.domain.reading import Reading, priority
from bot.domain.text.phrases import Phrases
from bot.domain.text.tone import ToneReader
from bot.domain.text.topics import TopicReader, TopicRule
from bot.domain.text.triage import READ, Triage

COMPLAINTS = (
    "My parcel is three days late and nobody answers the phone.",
    "Still waiting for my refund after 4 weeks. This is a joke.",
    "The app crashed again and I lost my basket",
    "Worst customer service ever, I was on hold for an hour",
    "You charged me twice for one order!",
    "The kettle arrived broken and the box was damaged",
    "Your driver was rude to my mother",
    "I can't log in, the reset link does not work",
    "Cancelled my order without telling me. Not impressed.",
    "So disappointed, the zip broke after two days",
    "No reply to my three emails. Are you ignoring me?",
    "Missing items in my delivery, third time this month",
    "Paid for next day, it is now a week late",
    "This coat is awful quality and it smells",
    "thanks for nothing, another delay",
    "Your site is down and I can't check out",
    "Why is it so hard to speak to a person?",
    "I have been overcharged and your chat bot is useless",
    "The technician never came, I wasted a whole day",
    "It's ridiculous that returns are refused without a reason",
)
PRAISES = (
    "Thank you so much, the parcel came a day early!",
    "Love the new app, it is so quick",
    "Great service from Maria in your Leeds shop today",
    "You guys are awesome, thanks for the fast answer",
    "Just wanted to say your staff were lovely and helpful",
    "Perfect fit, I am really happy with it",
    "Amazing support, sorted in five minutes. Thank you!",
    "Excellent coffee and such a friendly team",
    "Best shopping experience I have had in years",
    "❤️❤️❤️ love it",
    "Kudos to the courier, above and beyond",
    "The boots are fantastic, well done",
)
QUESTIONS = (
    "Do you ship to Norway?",
    "what time do you open on sunday",
    "Hi, could you tell me if the blue one is in stock",
    "Where can I find the size chart",
    "is there a student price",
    "How do I change my address?",
    "any idea when the sale starts",
    "Can I bring my dog to the cafe?",
    "Who do I talk to about a school visit?",
    "does anyone know if the lamp is dimmable",
    "When will the green one be available?",
    "please let me know which cable fits",
)
OTHERS = (
    "Walking past the shop on my way home",
    "New video about the spring range is up",
    "The blue one",
    "On my way to your store",
    "Reading the catalogue with a cup of tea",
)
ALL = [
    *((text, "complaint") for text in COMPLAINTS),
    *((text, "praise") for text in PRAISES),
    *((text, "question") for text in QUESTIONS),
    *((text, "other") for text in OTHERS),
]


@pytest.fixture(scope="module")
def triage() -> Triage:
    """One loaded triage for the module; it holds no state."""
    return Triage.load()


def test_intents_of_invented_sentences(triage: Triage) -> None:
    """Nine in ten of the labelled sentences get their intent, and no complaint passes for praise or the reverse."""
    wrong = [(text, label, got) for text, label in ALL if (got := triage.read(text).intent) != label]
    assert len(wrong) <= len(ALL) // 10, wrong
    assert not [miss for miss in wrong if {miss[1], miss[2]} == {"complaint", "praise"}]


def test_shown_moods_are_right_or_unsure(triage: Triage) -> None:
    """A label is shown only when sure: no complaint is shown as positive and no praise as negative."""
    assert "positive" not in {triage.read(text).sentiment for text in COMPLAINTS}
    assert "negative" not in {triage.read(text).sentiment for text in PRAISES}
    assert triage.read(COMPLAINTS[0]).sentiment == "negative"
    assert triage.read(PRAISES[0]).sentiment == "positive"
    assert triage.read(OTHERS[0]).sentiment == "neutral"


def test_a_complaint_may_also_ask(triage: Triage) -> None:
    """The question flag stands beside the intent."""
    reading = triage.read("My parcel is late again and nobody answers. Where is it?")
    assert (reading.intent, reading.question) == ("complaint", True)


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("my parcel never came", "delivery"),
        ("I want my money back", "refund"),
        ("why was I charged twice", "billing"),
        ("the app logged me out", "app or site"),
        ("your manager was rude", "staff"),
        ("it stopped working after a day", "product fault"),
        ("I was on hold for ages", "reaching support"),
        ("please cancel my subscription", "cancellation"),
        ("you lost my suitcase", "lost"),
        ("I booked a table for two", "booking"),
    ],
)
def test_topics(triage: Triage, text: str, topic: str) -> None:
    """Each topic is raised by plain words about it."""
    assert topic in triage.read(text).topics


def test_topics_are_data() -> None:
    """Other rules can be given; words match whole."""
    reader = TopicReader((TopicRule("tea", r"teas?|brew"), TopicRule("milk", "milk")))
    phrases = Phrases(reader.patterns)
    read = [reader.read(phrases.counts(text)) for text in ("Two TEAS please", "a team", "milk or brew")]
    assert read == [("tea",), (), ("tea", "milk")]


@pytest.mark.parametrize(
    ("text", "reason", "least"),
    [
        ("The charger caught fire in my hand", "safety", 3),
        ("my insulin is in that parcel", "health", 3),
        ("You will hear from my lawyer", "legal", 3),
        ("Someone used my account, this is fraud", "fraud", 3),
        ("I am stuck outside, please answer right now", "time", 2),
        ("I am switching to someone else", "leaving", 1),
        ("WHERE IS MY PARCEL", "shouting", 1),
        ("hello????", "insistent", 1),
    ],
)
def test_urgency_has_reasons(triage: Triage, text: str, reason: str, least: int) -> None:
    """Points come with a reason that staff can read."""
    reading = triage.read(text)
    assert reason in reading.urgent_because
    assert reading.urgency >= least


def test_calm_text_is_not_urgent(triage: Triage) -> None:
    """No points without a reason, and an acronym is not shouting."""
    assert triage.read("Does the TV work with my PC in the UK?").urgency == 0


@pytest.mark.parametrize(
    ("text", "abuse"),
    [
        ("you are all pathetic idiots", "troll"),
        ("go to hell", "troll"),
        ("you idiots lost my parcel", "heated"),
        ("where the fuck is my refund", "heated"),
        ("this shitty lamp", "heated"),
        ("I live in Scunthorpe and the cocktail was nice", "none"),
        ("you are a star", "none"),
    ],
)
def test_swearing_customers_are_not_trolls(triage: Triage, text: str, abuse: str) -> None:
    """Only aimed abuse without a matter of service is a troll's."""
    assert triage.read(text).abuse == abuse


def test_spam_needs_more_than_a_link(triage: Triage) -> None:
    """Promotion counts, a link in a complaint does not, and a new author gets less credit."""
    promo = "Earn $500 daily with crypto trading signals! Check out my page https://bit.ly/x"
    assert triage.read(promo).spam
    assert not triage.read("My order is wrong, see https://x.example/p.jpg").spam
    doubtful = "Huge giveaway on Friday https://x.example"
    assert triage.read(doubtful).spam
    assert not triage.read(doubtful, known_author=True).spam


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Mein Paket ist seit drei Tagen zu spät und niemand antwortet mir", "de"),
        ("¿Dónde está mi pedido? Llevo dos semanas esperando", "es"),
        ("私の荷物はまだ届いていません、いつ届きますか", "ja"),
        ("Bonjour, mon colis est perdu depuis une semaine", "fr"),
        ("My parcel has still not arrived", "en"),
        ("ok 👍", "und"),
        ("", "und"),
    ],
)
def test_language(triage: Triage, text: str, language: str) -> None:
    """The language is named, or und for too few letters."""
    assert triage.read(text).language == language


def test_english_rules_are_off_elsewhere(triage: Triage) -> None:
    """Other languages get no mood or topic from English words; a question mark in any script still asks."""
    reading = triage.read("Das ist die Gift-Box, die ich seit Wochen haben wollte, die war so schnell da")
    assert (reading.sentiment, reading.topics, reading.urgency, reading.abuse) == ("unsure", (), 0, "none")
    assert triage.read("أين طلبي الذي دفعت ثمنه قبل أسبوعين؟").intent == "question"


def test_the_model_never_asks_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading and reading open no connection."""

    def refuse(*_: object) -> NoReturn:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert Triage.load().read("Mein Paket ist leider immer noch nicht da").language == "de"


@settings(max_examples=150)
@given(st.text(st.characters(exclude_categories=()), max_size=120), st.sampled_from(list(Kind)))
def test_any_text_is_read_and_ordered(triage: Triage, text: str, kind: Kind) -> None:
    """No text raises, and triage never gives the priority kept for breaches."""
    assert 0 < priority(triage.read(text), kind) <= 4


@pytest.mark.parametrize("bait", ["a", "A ", "but great ", "you ", "!a", "\ud800", "#a ", "@", "1 ", "😀", "...", "\n"])
def test_bulk_is_read_quickly(triage: Triage, bait: str) -> None:
    """Only the head of a very long text is read, so its time is bounded."""
    before = process_time()
    triage.read(bait * 100_000)
    assert process_time() - before < 3
    assert READ < 100_000


def test_priority_orders_the_work() -> None:
    """Urgent complaints go first, then what waits for an answer, then kind words, then the digest."""
    urgent = Reading(intent="complaint", urgency=3)
    assert priority(urgent, Kind.COMMENT) == 1
    assert priority(Reading(intent="praise", urgency=5), Kind.COMMENT) == 3
    assert priority(Reading(intent="complaint", urgency=2), Kind.COMMENT) == 2
    assert priority(Reading(intent="question"), Kind.MATCH) == 2
    assert priority(Reading(intent="other"), Kind.MESSAGE) == 2
    assert priority(Reading(intent="praise"), Kind.REVIEW) == 3
    assert priority(Reading(intent="complaint", abuse="troll"), Kind.COMMENT) == 3
    assert priority(Reading(intent="complaint", spam=True), Kind.COMMENT) == 4
    assert {priority(urgent, kind) for kind in (Kind.FOLLOW, Kind.REACTION, Kind.REPOST)} == {4}


@pytest.mark.parametrize(
    ("draft", "reasons"),
    [
        ("You should have read the terms before you ordered.", ("blame", "dismissal")),
        ("As we already told you, that's not true.", ("contradiction",)),
        ("Good luck with that.", ("sarcasm",)),
        ("PLEASE READ what we wrote!!!", ("shouting",)),
        ("We are sorry, Ana. You should have received it today; we are checking.", ()),
        ("Thanks, we will send a new one today.", ()),
    ],
)
def test_tone_of_a_draft(draft: str, reasons: tuple[str, ...]) -> None:
    """An argumentative draft gets its reasons, a civil one none."""
    assert ToneReader.load().read(draft) == reasons


def test_reading_is_the_same_in_any_order(triage: Triage) -> None:
    """Readers keep nothing between texts."""
    texts = [text for text, _ in ALL]
    first = {text: triage.read(text) for text in texts}
    assert {text: triage.read(text) for text in reversed(texts)} == first
