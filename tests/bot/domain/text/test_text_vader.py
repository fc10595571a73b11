"""VADER's compound score is the package's own, whatever the text."""

import random
import warnings
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vaderSentiment.vaderSentiment import BOOSTER_DICT, NEGATE, SPECIAL_CASES, SentimentIntensityAnalyzer

from bot.domain.text.vader import Vader

SMALL_WORDS = [
    "a",
    "the",
    "so",
    "this",
    "no",
    "nor",
    "or",
    "but",
    "But",
    "at",
    "least",
    "very",
    "never",
    "without",
    "doubt",
    "kind",
    "of",
    "sort",
    "just",
    "enough",
    "not",
    "it's",
    "n't",
    ",",
    ".",
    "!",
    "!!",
    "?",
    "???",
    ":)",
    ":(",
    ";-)",
    ":D",
    "_x_",
    "'good'",
    "KIND",
    "BUT",
    "NO",
    "don’t",
]


@pytest.fixture(scope="module")
def package() -> SentimentIntensityAnalyzer:
    """The package itself: slow, and right by definition."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return SentimentIntensityAnalyzer()


@pytest.fixture(scope="module")
def vader() -> Vader:
    """Ours; it holds no state."""
    return Vader.load()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nothing to say",
        "At least it isn't a horrible book!!!",
        "The plot was good, but the characters are uncompelling and good is not great.",
        "good but good but good",
        "No good. no good no or good nor nice",
        "never so good, never this good, without doubt good, without any doubt good",
        "the least good, at least good, very least good, least good",
        "the shit, the bomb, bad ass, yeah right, kiss of death, to die for",
        "kind of good, sort of bad, just enough fun, it was kind",
        "VERY good but AWFUL??",
        "LOVELY ABSOLUTELY",
        "great😀great 💔 ❤️",
    ],
)
def test_every_rule_is_kept(package: SentimentIntensityAnalyzer, vader: Vader, text: str) -> None:
    """One text for each of VADER's rules."""
    assert vader.compound(text) == package.polarity_scores(text)["compound"]


def test_thousands_of_made_up_texts(package: SentimentIntensityAnalyzer, vader: Vader) -> None:
    """Words with a mood among those that change it, in any order and case, score as the package scores them."""
    rng = random.Random(3)  # noqa: S311 - texts, not secrets
    pools = [list(package.lexicon), list(package.emojis), list(BOOSTER_DICT), NEGATE, list(SPECIAL_CASES), SMALL_WORDS]
    weights = [5, 1, 2, 2, 1, 6]
    for _ in range(4_000):
        words = [rng.choice(pool) for pool in rng.choices(pools, weights, k=rng.randint(1, 20))]
        shown = [rng.choice((word, word, word, word.upper(), word.title(), f"({word}).")) for word in words]
        text = rng.choice((" ", " ", "  ", "\n", "")).join(shown)
        assert vader.compound(text) == package.polarity_scores(text)["compound"], text


@given(st.text())
def test_any_text_at_all(package: SentimentIntensityAnalyzer, vader: Vader, text: str) -> None:
    """Text in any script scores the same too."""
    assert vader.compound(text) == package.polarity_scores(text)["compound"]


def test_time_grows_with_the_text_only(vader: Vader) -> None:
    """Ten times the words take nothing like a hundred times as long."""
    text = "never so good, not bad. "
    took = []
    for size in (200, 2_000):
        before = process_time()
        vader.compound(text * size)
        took.append(process_time() - before)
    assert took[1] < 40 * took[0]
