"""Looking for a send among what an account has said: what a look must not take for proof."""

from typing import Final

TOO_MUCH: Final = "more has been said there since than Hark looks through: please look there"
"""A look that ends before it reaches back to the send proves nothing: were it tried again, it might stand twice."""
