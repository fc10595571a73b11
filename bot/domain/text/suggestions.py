"""Suggest short lines for staff to send: thanks, "we are on it", "we have sent you a message". English for now.

The lines carry no signature: that is added where they are sent. But for "we are on it" they are suggestions in a field
that staff read and edit.
"""

import random
from collections.abc import Collection, Iterator, Sequence
from itertools import product
from typing import Final

import regex

_NAME: Final = regex.compile(
    r"\p{Lu}(?:['’]\p{Lu})?[\p{Ll}\p{M}]{1,14}(?:['’-]\p{Lu}?[\p{Ll}\p{M}]{1,14})?|[\p{Lo}\p{M}]{2,6}"
)
_TITLES: Final = frozenset({"dr", "mr", "mrs", "ms", "miss", "mx", "prof", "sir", "herr", "frau", "señor", "señora"})
_NOT_NAMES: Final = frozenset({
    "the", "a", "an", "my", "your", "our", "this", "that", "not", "just", "only", "real", "official",
    "team", "support", "customer", "angry", "happy", "unhappy", "sad", "anonymous", "user", "guest",
    "admin", "news", "daily", "shop", "store", "house", "club", "big", "little", "lady", "king",
    "queen", "captain", "super", "mega", "crazy", "former", "future", "always", "never", "ask",
    "someone", "nobody", "everyone", "mom", "mum", "dad", "proud", "coffee", "pizza", "cat", "dog",
    "music", "travel", "tech",
})  # fmt: skip
_MOST_WORDS: Final = 4


def first_name(author_name: str) -> str:
    """Return the first name in a profile's name if it looks like one ("Anna K. 🌸" gives "Anna"), else ""."""
    words = [word.strip('.,;:!|()[]"“”') for word in author_name[:80].split()]
    words = [word for word in words if any(map(str.isalpha, word)) and word.lower() not in _TITLES]
    if not words or len(words) > _MOST_WORDS or any(word.lower() in _NOT_NAMES for word in words):
        return ""
    return words[0] if _NAME.fullmatch(words[0]) else ""


# Parts of a line of thanks. {name} stands for ", Anna" or nothing; each part is a sentence, so any order of
# opening, middle and ending reads well.
_OPENINGS: Final = (
    "Thank you so much{name}.",
    "Thank you{name}, that is lovely to hear.",
    "What a kind thing to say{name}, thank you.",
    "This made our day{name}.",
    "You have just put a smile on a lot of faces here{name}.",
    "That is so good to hear{name}.",
    "We are really happy to read this{name}.",
    "Thanks a lot for the kind words{name}.",
    "How nice of you to tell us{name}!",
    "Many thanks{name}.",
    "It means a lot that you took the time{name}.",
    "Well, that is a lovely message to find{name}.",
    "Big thanks from all of us{name}.",
    "We are so glad{name}.",
)
_MIDDLES: Final = (
    "Words like yours keep us going.",
    "We will pass this on to everyone involved.",
    "The whole team will enjoy reading this.",
    "It is good to know that we got it right for you.",
    "We do our best, and it is great to hear when it works.",
    "We have shared it with the people who made it happen.",
    "Hearing from you like this is the best part of the job.",
    "Notes like this get read out loud here.",
    "We could not ask for nicer feedback.",
    "This is just what we hope for.",
    "There will be a few proud people here today.",
)
_BY_TOPIC: Final[dict[str, tuple[str, ...]]] = {
    "delivery": (
        "Glad it reached you just as it should.",
        "The people who pack and deliver will love hearing this.",
        "Our delivery crew deserves this, and we will tell them.",
    ),
    "staff": (
        "We will make sure that our colleagues hear it from you.",
        "It is the people here who make the difference, and we will tell them so.",
        "A thank-you by name is the nicest kind, and it will be passed on.",
    ),
    "app or site": (
        "The people who build it will be delighted.",
        "A lot of care goes into making it easy, so this is good to hear.",
        "Our developers do not hear this often enough, so we are telling them now.",
    ),
    "reaching support": (
        "We are glad that we could help.",
        "Good to know that we were there when you needed us.",
        "Helping is what we are here for.",
    ),
    "refund": ("We are glad that it got sorted out.", "Good that this could be put right for you."),
    "billing": ("We are glad that it is all clear now.", "Good that this is settled for you."),
    "booking": ("We are glad that the booking went smoothly.", "Good to know that it was easy to arrange."),
    "product fault": ("We are glad that we could put it right.", "Good to know that it is working as it should now."),
    "lost": ("What a relief that it turned up.", "We are so glad that it found its way back to you."),
}
_ENDINGS: Final = (
    "",
    "See you again soon.",
    "Have a lovely day.",
    "We are here whenever you need us.",
    "Take good care.",
    "Enjoy the rest of your day.",
    "Come back any time.",
    "All the best to you.",
    "Until next time.",
    "Wishing you a great week.",
)
_SHAPES: Final = ("{opening} {middle} {ending}", "{middle} {opening} {ending}", "{opening} {ending}")


def suggest_thanks(author_name: str, topics: Sequence[str], avoid: Collection[str], rng: random.Random) -> str:
    """Return a warm line of thanks that is not in `avoid`, personal where name and topics allow.

    There are well over two thousand lines for each customer; raises ValueError once `avoid` holds them all.
    """
    name = first_name(author_name)
    for line in _shuffled(name, topics, rng):
        if line not in avoid:
            return line
    raise ValueError("every line of thanks has been used")


def _shuffled(name: str, topics: Sequence[str], rng: random.Random) -> Iterator[str]:
    """Yield every line once in random order; those about the customer's topics before the general ones."""
    fitting = tuple(line for topic in topics for line in _BY_TOPIC.get(topic, ()))
    for middles in filter(None, (fitting, _MIDDLES)):
        choices = list(product(_SHAPES, _OPENINGS, middles, _ENDINGS))
        yield from (_line(*choice, name) for choice in rng.sample(choices, len(choices)))


def _line(shape: str, opening: str, middle: str, ending: str, name: str) -> str:
    called = opening.replace("{name}", f", {name}" if name else "")
    return shape.format(opening=called, middle=middle, ending=ending).strip()


# These go out in public unread: a name is what somebody has chosen to be called, and "Thank you, Boycott" is no thanks.
_ACKNOWLEDGED: Final = (
    "Thank you for telling us. We are on it and will come back to you here.",
    "Hello, we have read this and are looking into it now. You will hear from us soon.",
    "We are sorry about the trouble. One of us is on it, and we will write again as soon as we know more.",
    "Thanks for letting us know. We are checking this now and will be back with an answer.",
    "We see this, and we are on it. More from us shortly.",
    "Hello, this has reached us and a person is looking at it right now. We will be in touch.",
    "Thank you for your patience. We are finding out what happened and will tell you here.",
    "Got it. We are looking into it and will get back to you as quickly as we can.",
)


def acknowledge_line(rng: random.Random) -> str:
    """Return a line that says a person is on it."""
    return rng.choice(_ACKNOWLEDGED)


def is_acknowledge_line(text: str) -> bool:
    """Whether these are such words, which nobody wrote."""
    return text in _ACKNOWLEDGED


def moved_private_line(name: str) -> str:
    """Return the public line that tells the customer to look at their messages; `name` is a first name or ""."""
    called = f", {name}" if name else ""
    return f"We have sent you a private message{called}, so that we can sort this out together."
