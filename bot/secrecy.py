"""What an installation keeps out of its logs, its pages and its notices: its secrets, and what is personal."""

from collections.abc import Callable

from bot.accounts import Account
from bot.domain.text.clean import tidy
from bot.domain.text.privacy import AllowList, mask
from bot.settings import Settings
from bot.telemetry import HIDDEN, SECRET_WORDS, configure_logging, redactor


def set_up_logging(settings: Settings, found: list[Account]) -> None:
    """Configure logs that hide this installation's secrets and mask personal data."""
    hidden = [settings.slack_bot_token, settings.slack_app_token, settings.slack_signing_secret, settings.metrics_token]
    hidden += [secret for account in found for secret in account.secrets]
    allow = allow_list(settings)
    configure_logging(settings.log_level, settings.log_format, redactor(hidden, lambda text: mask(text, allow).text))


def allow_list(settings: Settings) -> AllowList:
    """The company's own addresses and numbers, told apart by their look."""
    own = settings.own_contacts
    emails = tuple(each for each in own if "@" in each)
    phones = tuple(each for each in own if "@" not in each and sum(map(str.isdigit, each)) >= 5)
    domains = tuple(each for each in own if each not in emails and each not in phones)
    return AllowList(emails=emails, domains=domains, phones=phones, regions=(settings.phone_region,))


def masker(allow: AllowList) -> Callable[[str], str]:
    """Hides personal data and secrets in a text that is no customer's post: an error, a piece of a delivery."""
    return lambda text: mask(tidy(SECRET_WORDS.sub(HIDDEN, text)), allow).text
