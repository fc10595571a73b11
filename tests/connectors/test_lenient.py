"""Fields of another form than documented: what cannot be a count is none."""

import pytest
from pydantic import BaseModel

from bot.domain.models import MOST
from connectors.lenient import Count


class Profile(BaseModel):
    """A part of a network's JSON."""

    followers: Count = None


@pytest.mark.parametrize(("told", "read"), [(0, 0), (MOST, MOST), (MOST + 1, None), (10**40, None), (-1, None)])
def test_a_number_of_thousands_of_digits_counts_nothing(told: int, read: int | None) -> None:
    """JSON knows such numbers; on a card one would leave no room for the customer, and no date is that far away."""
    assert Profile.model_validate({"followers": told}).followers == read
