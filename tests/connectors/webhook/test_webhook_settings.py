"""Settings, the account's health, the published schema and the guide."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bot.domain.errors import SettingsError
from bot.environment import accounts, read
from connectors.registry import NETWORKS
from connectors.webhook import NETWORK, wire
from connectors.webhook.settings import WebhookSettings
from tests.support.webhook_rig import FIXTURES, OTHER_SECRET, SECRET, Rig, a_secret

DOCS = Path(__file__).resolve().parents[3] / "docs" / "connectors"
DEMO_SECRET = "whsec_c2FuZGJveC1zYW5kYm94LXNhbmRib3gtMTIz"
REGENERATE = (
    "run: python -c \"from connectors.webhook.wire import schema_text; print(schema_text(), end='')\""
    " > docs/connectors/webhook.schema.json"
)


def test_it_is_registered() -> None:
    """The door is open once its secret is set."""
    assert NETWORK in NETWORKS
    assert NETWORK.settings.required == ("WEBHOOK_SECRET",)


def test_one_secret_is_enough() -> None:
    """The rest has defaults."""
    found = read(WebhookSettings, {"WEBHOOK_SECRET": SECRET})
    assert (len(found.keys), found.title, found.hosts) == (1, "Webhook", frozenset())


def test_lists_may_have_spaces_and_repetitions() -> None:
    """As people write them."""
    env = {"WEBHOOK_SECRET": f" {SECRET}, {OTHER_SECRET},{SECRET},", "WEBHOOK_REPLY_HOSTS": "CRM.example.com , [::1],"}
    found = read(WebhookSettings, env)
    assert len(found.keys) == 2
    assert found.hosts == {"crm.example.com", "::1"}


def test_a_second_account_has_a_suffix() -> None:
    """Each door its own secret and name."""
    env = {"WEBHOOK_SECRET": SECRET, "WEBHOOK_SECRET__SHOP": OTHER_SECRET, "WEBHOOK_TITLE__SHOP": "Shop"}
    assert accounts(WebhookSettings.required, env) == ["main", "shop"]
    assert read(WebhookSettings, env, "shop").title == "Shop"


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"WEBHOOK_SECRET": "hunter2"}, "start with whsec_"),
        ({"WEBHOOK_SECRET": f"{SECRET},{a_secret(length=23)}"}, "24 to 64 bytes"),
        ({"WEBHOOK_SECRET": ", ,"}, "1 to 8 secrets"),
        ({"WEBHOOK_SECRET": ",".join(a_secret(chr(97 + n)) for n in range(9))}, "1 to 8 secrets"),
        ({"WEBHOOK_REPLY_HOSTS": "https://crm.example.com"}, "without https://"),
        ({"WEBHOOK_REPLY_HOSTS": "crm.example.com:8080"}, "without a port"),
        ({"WEBHOOK_TITLE": "x" * 81}, "at most 80"),
    ],
)
def test_a_wrong_value_is_explained(env: dict[str, str], words: str) -> None:
    """The variable is named, the secret is not shown."""
    with pytest.raises(SettingsError, match=next(iter(env))) as caught:
        read(WebhookSettings, {"WEBHOOK_SECRET": SECRET} | env)
    assert words in caught.value.message
    assert "hunter2" not in caught.value.message
    assert SECRET not in caught.value.message


def test_the_secret_is_not_shown() -> None:
    """Not by printing the settings either."""
    assert SECRET not in repr(read(WebhookSettings, {"WEBHOOK_SECRET": SECRET}))


def test_the_example_in_the_settings_works() -> None:
    """It is sound, and says in clear words that it is not to be used."""
    example = (WebhookSettings.model_fields["secret"].examples or [""])[0]
    assert len(read(WebhookSettings, {"WEBHOOK_SECRET": str(example)}).keys) == 1


async def test_health_says_how_many_secrets_there_are(rig: Rig) -> None:
    """And where answers go."""
    health = await rig.connector(title="Shop").check()
    assert (health.ok, health.mend) == (True, "")
    assert health.summary == "one secret, answers to any host on the open internet"
    two = await rig.connector(f"{SECRET},{OTHER_SECRET}", reply_hosts="b.example,a.example").check()
    assert two.summary == "2 secrets, the first signs, answers to a.example, b.example"


async def test_a_weak_secret_has_a_mend(rig: Rig) -> None:
    """The demo's own is one: it works, and check says that it will not do."""
    health = await rig.connector(f"{SECRET},{DEMO_SECRET}").check()
    assert health.ok
    assert "random" in health.mend


def test_the_schema_is_up_to_date() -> None:
    """docs/connectors/webhook.schema.json is made from the models."""
    assert (DOCS / "webhook.schema.json").read_text() == wire.schema_text(), REGENERATE


def fields(definition: str) -> set[str]:
    """The fields of one model in the schema."""
    return set(json.loads(wire.schema_text())["$defs"][definition]["properties"])


@pytest.mark.parametrize("definition", ["Data", "Author", "Attachment", "OwnEvent", "CloudEvent"])
def test_the_guide_names_every_field(definition: str) -> None:
    """Field by field, in docs/connectors/webhook.md."""
    text = (DOCS / "webhook.md").read_text()
    prefix = {"Author": "author.", "Attachment": "attachments[]."}.get(definition, "")
    assert {name for name in fields(definition) if f"`{prefix}{name}`" not in text} == set()


def test_the_guides_json_is_sound() -> None:
    """Every event that the guide shows is one that Hark takes."""
    blocks = re.findall(r"```json\n(.*?)```", (DOCS / "webhook.md").read_text(), re.DOTALL)
    values: list[Any] = [json.loads(block) for block in blocks]
    assert len(values) >= 2
    for value in values:
        if value["type"] != "reply.created":
            (wire.CloudEvent if "specversion" in value else wire.OwnEvent).model_validate(value)


def test_there_is_a_fixture_for_every_kind_and_action() -> None:
    """As the connector's quality file claims."""
    names = {path.stem.partition("__")[0] for path in FIXTURES.glob("*.json")}
    kinds = ["comment", "mention", "message", "review", "post", "match", "reaction", "repost", "follow"]
    assert {f"{kind}_created" for kind in kinds} | {"comment_edited", "comment_deleted"} <= names
