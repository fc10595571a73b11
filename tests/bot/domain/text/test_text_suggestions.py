"""Suggested lines are personal, varied, restrained, and never repeat what was used."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.text.suggestions import acknowledge_line, first_name, moved_private_line, suggest_thanks


def seeded(seed: int) -> Random:
    """Chance that repeats, for words and not for secrets."""
    return Random(seed)  # noqa: S311


@pytest.mark.parametrize(
    ("shown", "first"),
    [
        ("Anna Karlsson 🌸", "Anna"),
        ("Dr. Jean-Luc Picard", "Jean-Luc"),
        ("D'Arcy Smith", "D'Arcy"),
        ("José", "José"),
        ("Мария Иванова", "Мария"),
        ("李小龙", "李小龙"),
        ("BREAKING NEWS", ""),
        ("xx_pizza99", ""),
        ("The Real Bob", ""),
        ("Angry Customer", ""),
        ("@channel <!here>", ""),
        ("{name}", ""),
        ("One Two Three Four Five", ""),
        ("", ""),
        ("\ud800", ""),
    ],
)
def test_first_names(shown: str, first: str) -> None:
    """A first name is used only where the profile's name looks like a person's."""
    assert first_name(shown) == first


def test_thanks_never_repeat() -> None:
    """Hundreds of lines for the same customer are all different and none is one to avoid."""
    rng, used = seeded(1), set[str]()
    for _ in range(500):
        line = suggest_thanks("Anna K.", ("delivery",), used, rng)
        assert line not in used
        used.add(line)


def test_thanks_are_personal_and_varied() -> None:
    """The name is in the line, topics are spoken of, and the lines do not all begin alike."""
    lines = [suggest_thanks("Anna", ("delivery",), (), seeded(seed)) for seed in range(60)]
    assert all("Anna" in line for line in lines)
    assert len({line.split()[0] for line in lines}) >= 8
    assert sum("deliver" in line.lower() or "reached" in line for line in lines) >= 20


@given(st.text(max_size=40), st.integers())
def test_lines_are_short_clean_and_restrained(name: str, seed: int) -> None:
    """Whatever the profile's name, a line is short, has no gaps, at most one exclamation mark and no markup."""
    rng, first = seeded(seed), first_name(name)
    for line in (suggest_thanks(name, (), (), rng), acknowledge_line(rng), moved_private_line(first)):
        assert len(line) <= 200
        assert line.count("!") <= 1
        assert not set(line) & set("<>{}@&*_")
        assert "  " not in line
        assert " ," not in line


def test_the_same_seed_gives_the_same_line() -> None:
    """Chance comes from the caller alone."""
    assert suggest_thanks("Bo", (), (), seeded(7)) == suggest_thanks("Bo", (), (), seeded(7))


def test_when_all_is_used_it_says_so() -> None:
    """There is an end, far away, and it is an error rather than a repeat."""

    class All(frozenset[str]):
        def __contains__(self, _: object) -> bool:
            return True

    with pytest.raises(ValueError, match="every line"):
        suggest_thanks("Anna", (), All(), seeded(1))


def test_other_lines_name_the_customer_or_nobody() -> None:
    """With no name the lines still read well."""
    assert moved_private_line("Ana").startswith("We have sent you a private message, Ana,")
    assert moved_private_line("").startswith("We have sent you a private message, so")
    assert len({acknowledge_line(seeded(seed)) for seed in range(40)}) >= 6
