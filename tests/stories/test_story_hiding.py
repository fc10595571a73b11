"""Hiding a comment on Facebook, end to end: asked on the card, approved by somebody else, done in its own form."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from bot.cards.action_ids import Press, Verb
from sandbox.slack.config import SandboxConfig
from tests.stories.test_story_facebook import CARLA, Story, a_story
from tests.support.rig import ANA, BEN, CARE, CHLOE, Rig
from tests.support.waiting import wait_until

RUDE = "You are all idiots"
APPROVE, DECLINE, UNHIDE = "hark:hide-approve:v1", "hark:hide-decline:v1", "hark:unhide:v1"
DAY = 24 * 3600


def whispers(rig: Rig) -> str:
    """What somebody in the channel was told alone."""
    return " | ".join(each.text for each in rig.whispers())


def wishes(story: Story) -> list[tuple[str, Any]]:
    """What the network was asked to hide or show."""
    found = (each for each in story.page.calls if each.verb == "POST" and "is_hidden" in each.body)
    return [(each.path, each.body["is_hidden"]) for each in found]


async def rude(story: Story, words: str = RUDE) -> tuple[str, str]:
    """A comment that triage reads as abuse; its id and the card's."""
    value = story.page.comment(CARLA, words)
    await story.tell(value)
    return value["comment_id"], (await story.rig.card(words)).ts


async def ask(rig: Rig, ts: str, user: str = ANA, reason: str = "abuse", **more: str) -> Any:
    """Choose Hide, and send the form."""
    await rig.choose(user, ts, "hide")
    return await rig.send(user, reason=reason, **more)


async def test_hide_takes_a_reason_and_a_second_person(redis_url: str) -> None:
    """The asker cannot, somebody else can; Facebook gets its own call; anybody shows it again; history knows all."""
    async with a_story(redis_url) as story:
        rig = story.rig
        comment, card = await rude(story)
        await rig.choose(ANA, card, "hide")
        form = str(await rig.modal(ANA))
        assert "Criticism is answered, not hidden" in form
        assert "'value': 'hate'" in form
        assert "spam" not in form.lower()
        assert (await rig.send(ANA, reason="abuse", note="Third time, call me at +1 415 555 2671")).ok
        await rig.shows(card, "asks to hide this comment")
        assert "Third time" in rig.text_of(card)
        assert "555 2671" not in rig.text_of(card)
        await wait_until(lambda: any("asks to hide a comment (abuse)" in each for each in rig.lines()), "a line")
        await rig.sandbox.slack.open_home(BEN)
        homes = rig.sandbox.slack.hub.views.homes
        await wait_until(lambda: "Waiting for a second person" in str(homes.get(BEN)), "Home lists it")
        await rig.press(ANA, card, APPROVE)
        await wait_until(lambda: "Somebody else has to approve" in whispers(rig), "the asker is told")
        assert wishes(story) == []
        await rig.press(BEN, card, APPROVE)
        await rig.shows(card, "Hidden on Facebook")
        assert wishes(story) == [(comment, True)]
        assert story.page.items[comment].hidden
        shown = rig.text_of(card)
        assert "abuse, asked by Ana Kovač, approved by Ben Okafor" in shown
        assert "still waits for an answer" in shown
        assert "hark:reply:v1" in shown
        await story.tell(story.page.hide(comment))  # Facebook tells of it, as of everything
        await story.idle()
        assert "not by Hark" not in rig.text_of(card)
        await rig.press(CHLOE, card, UNHIDE)
        await wait_until(lambda: "Hidden on Facebook" not in rig.text_of(card), "it is shown again")
        assert wishes(story) == [(comment, True), (comment, False)]
        await ask(rig, card)
        await rig.shows(card, APPROVE)
        await rig.press(BEN, card, APPROVE)
        await rig.shows(card, "Hidden on Facebook")
        await rig.press(CHLOE, card, UNHIDE)
        await wait_until(lambda: "Hidden on Facebook" not in rig.text_of(card), "it is shown once more")
        assert wishes(story) == [(comment, True), (comment, False)] * 2
        await rig.choose(BEN, card, "history")
        history = str(await rig.modal(BEN))
        for step in ("asked to hide", "approved hiding", "hid the comment", "showed the comment again"):
            assert step in history


async def test_every_request_reaches_the_manager_with_its_buttons(redis_url: str) -> None:
    """Also one that comes right after another, about a comment that nobody waits with any more."""
    async with a_story(redis_url, HARK_MANAGER_USERS=CHLOE) as story:
        rig = story.rig
        for number, words in enumerate((RUDE, "You are all liars and idiots"), start=1):
            _, card = await rude(story, words)
            await ask(rig, card)
            await rig.choose(BEN, card, "dismiss")
            await rig.send(BEN)
            await rig.shows(card, "not for us")

            def told(wanted: int = number) -> bool:
                return sum("asks to hide" in each.text for each in rig.direct(CHLOE)) == wanted

            await wait_until(told, f"the manager is told of request {number}", within_s=20)
        assert str(rig.direct(CHLOE)[-1].blocks).count(f"'{APPROVE}'") == 2


async def test_criticism_is_not_offered(redis_url: str) -> None:
    """Neither cool nor heated; a stale or forged press and a forged form get the same no from the server."""
    async with a_story(redis_url) as story:
        rig = story.rig
        for words in ("My parcel never came, this is awful", "You bloody useless idiots, where is my order?"):
            await story.tell(story.page.comment(CARLA, words))
            await rig.card(words)
            assert '"verb":"hide"' not in rig.text_of(rig.cards()[0].ts)
        card = rig.cards()[0]
        (case,) = await rig.service.store.cases.waiting(10)
        menu = next(b for b in rig.sandbox.slack.message(CARE, card.ts).blocks if b["type"] == "actions")
        forged = Press(case=case.id, post="card", verb=Verb.HIDE).encode()
        entry = {"text": {"type": "plain_text", "text": "Hide", "emoji": False}, "value": forged}
        menu["elements"][-1]["options"][0] = entry
        await rig.choose(ANA, card.ts, "hide")
        await wait_until(lambda: "answered, not hidden" in whispers(rig), "the server says no")
        assert rig.sandbox.slack.views(ANA) == []


async def test_the_customers_own_number_in_a_complaint(redis_url: str) -> None:
    """May be hidden for that reason only; the customer still waits, and is answered below the hidden comment."""
    async with a_story(redis_url) as story:
        rig = story.rig
        value = story.page.comment(CARLA, "My number is +1 415 555 2671, my parcel never came")
        await story.tell(value)
        card = (await rig.card("my parcel never came")).ts
        await rig.choose(ANA, card, "hide")
        form = str(await rig.modal(ANA))
        assert "Personal data of the customer" in form
        assert "'value': 'abuse'" not in form
        assert "555 2671" not in form
        assert (await rig.send(ANA, reason="personal_data")).ok
        await rig.shows(card, APPROVE)
        await rig.press(BEN, card, APPROVE)
        await rig.shows(card, "Hidden on Facebook")
        assert "still waits for an answer" in rig.text_of(card)
        assert len(await rig.service.store.cases.waiting(10)) == 1
        await rig.answer(card, "We are searching, Carla")
        await rig.shows(card, "*Answered*")
        assert story.page.replies() == ["We are searching, Carla ^AK"]
        assert await rig.service.store.cases.waiting(10) == []


async def test_two_people_approve_at_once_and_one_declines(redis_url: str) -> None:
    """One call; the loser is told who; a declined request is told to whoever asked, and hides nothing."""
    async with a_story(redis_url) as story:
        rig = story.rig
        _, card = await rude(story)
        await ask(rig, card)
        await rig.shows(card, DECLINE)
        await rig.press(BEN, card, DECLINE)
        await rig.shows(card, "Ben Okafor declined to hide this comment")
        await wait_until(lambda: any("Ben Okafor declined" in each.text for each in rig.direct(ANA)), "Ana is told")
        assert wishes(story) == []
        await ask(rig, card, CHLOE, "hate")
        await rig.shows(card, APPROVE)
        await asyncio.gather(*(rig.press(user, card, APPROVE) for user in (ANA, BEN)))
        await rig.shows(card, "Hidden on Facebook")
        await wait_until(lambda: "approved this already" in whispers(rig), "the loser is told")
        assert len(wishes(story)) == 1


async def test_a_request_ends_with_the_day_the_words_or_the_comment(redis_url: str) -> None:
    """Expired, edited, deleted: the card says which, and a press on an old card is told as well."""
    async with a_story(redis_url) as story:
        rig = story.rig
        comment, card = await rude(story)
        await ask(rig, card)
        await rig.shows(card, APPROVE)
        await story.tell(story.page.edit(comment, "You are all such idiots"))
        await rig.shows(card, "lapsed: the customer changed the words")
        await ask(rig, card)
        await rig.shows(card, APPROVE)
        rig.sandbox.clock.skip(DAY + 60)
        await rig.shows(card, "nobody approved hiding this comment within 24 hours")
        await ask(rig, card)
        await rig.shows(card, APPROVE)
        await story.tell(story.page.remove(comment))
        await rig.shows(card, "lapsed: the customer deleted the comment")
        assert wishes(story) == []


@pytest.mark.parametrize(("skip", "words"), [(DAY + 60, "expired after 24 hours"), (0, "declined this already")])
async def test_a_press_on_an_old_card_is_told_in_words(redis_url: str, skip: int, words: str) -> None:
    """The button is gone from the card, but not from everybody's screen."""
    async with a_story(redis_url) as story:
        rig = story.rig
        stale = replace(rig.sandbox.slack.config, deliver_stale_presses=True)
        assert isinstance(stale, SandboxConfig)
        rig.sandbox.slack.hub.config = stale
        _, card = await rude(story)
        await ask(rig, card)
        await rig.shows(card, APPROVE)
        message = rig.sandbox.slack.message(CARE, card)
        block = next(b for b in message.blocks for e in b.get("elements", []) if e.get("action_id") == APPROVE)
        value = next(e["value"] for e in block["elements"] if e["action_id"] == APPROVE)
        if skip:
            rig.sandbox.clock.skip(skip)
        else:
            await rig.press(BEN, card, DECLINE)
        await wait_until(lambda: APPROVE not in rig.text_of(card), "the buttons are gone", within_s=20)
        old = {"conversation": CARE, "message_ts": card, "value": value}
        await rig.sandbox.slack.press(CHLOE, block["block_id"], APPROVE, **old)
        await wait_until(lambda: words in whispers(rig), "the late one is told")
        assert wishes(story) == []


async def test_the_form_is_checked_again_when_it_comes_back(redis_url: str) -> None:
    """A reason that triage did not read, a colleague who was quicker (a note stays), a comment that is gone: told."""
    async with a_story(redis_url) as story:
        rig = story.rig
        comment, card = await rude(story)
        for user in (ANA, BEN, CHLOE):
            await rig.choose(user, card, "hide")
            await rig.modal(user)
        option = {"text": {"type": "plain_text", "text": "Spam"}, "value": "spam"}
        answer = {"type": "radio_buttons", "selected_option": option}
        view = await rig.modal(ANA)
        outcome = await rig.sandbox.slack.submit(ANA, view["id"], {"reason": {"hark:reason:v1": answer}})
        assert "These words read as abuse or hate" in str(outcome.errors)
        assert (await rig.send(ANA, reason="hate")).ok
        await rig.shows(card, APPROVE)
        late = await rig.send(BEN, reason="abuse", note="He writes this below every post of ours")
        assert "has asked for this already" in late.errors["note"]
        await story.tell(story.page.remove(comment))
        await rig.shows(card, "lapsed: the customer deleted")
        await rig.send(CHLOE, reason="abuse")
        assert "nothing is left to hide" in str(await rig.modal(CHLOE))
        assert wishes(story) == []


async def test_a_direct_message_has_the_same_buttons(redis_url: str) -> None:
    """Ben asks; Ana, who is alerted, approves from her direct message; the card follows."""
    async with a_story(redis_url) as story:
        rig = story.rig
        comment, card = await rude(story)
        await ask(rig, card, BEN)
        await wait_until(lambda: any(APPROVE in str(each.blocks) for each in rig.direct(ANA)), "Ana has the buttons")
        message = next(each for each in rig.direct(ANA) if APPROVE in str(each.blocks))
        assert "asks to hide a comment (abuse)" in message.text
        await rig.press(ANA, message.ts, APPROVE, rig.sandbox.slack.direct(ANA))
        await rig.shows(card, "Hidden on Facebook")
        await rig.shows(message.ts, "Hidden on Facebook", rig.sandbox.slack.direct(ANA))
        assert wishes(story) == [(comment, True)]


async def test_a_closed_case_keeps_its_request_and_a_follow_up_leaves_it_alone(redis_url: str) -> None:
    """The customer writes again, the case is set aside: the comment that was meant is hidden, and only that."""
    async with a_story(redis_url) as story:
        rig = story.rig
        comment, card = await rude(story)
        await ask(rig, card)
        await rig.shows(card, APPROVE)
        follow_up = story.page.comment(CARLA, "And another thing")
        await story.tell(follow_up)
        await rig.shows(card, "And another thing")
        assert RUDE in rig.text_of(card)  # what the second person decides about
        await rig.choose(ANA, card, "dismiss")
        await rig.send(ANA)
        await rig.shows(card, "not for us")
        await rig.press(BEN, card, APPROVE)
        await rig.shows(card, "Hidden on Facebook")
        assert wishes(story) == [(comment, True)]
        assert not story.page.items[follow_up["comment_id"]].hidden
        assert "hark:reopen:v1" in rig.text_of(card)


async def test_an_answer_lost_after_the_act_is_looked_for(redis_url: str) -> None:
    """Unknown, then found hidden, without a second call."""
    async with a_story(redis_url) as story:
        rig = story.rig
        comment, card = await rude(story)
        story.page.lose_answer(verb="POST", match=comment)
        await ask(rig, card)
        await rig.shows(card, APPROVE)
        await rig.press(BEN, card, APPROVE)
        await rig.shows(card, "not known whether it worked")

        def found() -> bool:
            rig.sandbox.clock.skip(10)
            return "Hidden on Facebook" in rig.text_of(card)

        await wait_until(found, "it is found hidden", within_s=20)
        assert wishes(story) == [(comment, True)]


async def test_a_refusal_of_facebook_stands_on_the_card(redis_url: str) -> None:
    """With its reason; the approver is told directly."""
    async with a_story(redis_url) as story:
        rig = story.rig
        comment, card = await rude(story)
        story.page.items[comment].can_hide = False
        await ask(rig, card)
        await rig.shows(card, APPROVE)
        await rig.press(BEN, card, APPROVE)
        await rig.shows(card, "does not let the Page hide this comment")
        await wait_until(lambda: any("could not be hidden" in each.text for each in rig.direct(BEN)), "Ben is told")
        assert "Hidden on Facebook" not in rig.text_of(card)


async def test_undo_takes_an_approval_back(redis_url: str) -> None:
    """Within the undo time nothing reaches the network; a draft that somebody kept is not touched."""
    async with a_story(redis_url, HARK_UNDO_SECONDS="60") as story:
        rig = story.rig
        _, card = await rude(story)
        await rig.press(BEN, card, "hark:reply:v1")
        view = await rig.modal(BEN)
        await rig.sandbox.slack.press(BEN, "text", "hark:draft:v1", view_id=view["id"], value="Half a thought")
        await rig.sandbox.slack.close(BEN, view["id"])
        await ask(rig, card)
        await rig.shows(card, APPROVE)
        await rig.press(BEN, card, APPROVE)
        await rig.shows(card, "hark:undo:v1")
        await rig.press(ANA, card, "hark:undo:v1")
        await rig.shows(card, "the comment was not hidden: taken back by Ana")
        rig.sandbox.clock.skip(120)
        await rig.press(BEN, card, "hark:reply:v1")
        assert "Half a thought" in str(await rig.modal(BEN))
        assert wishes(story) == []


async def test_hidden_on_facebook_itself_shows_and_can_be_shown_again(redis_url: str) -> None:
    """Somebody in the Page's own inbox hid a complaint: everybody sees it here, and anybody mends it."""
    async with a_story(redis_url) as story:
        rig = story.rig
        value = story.page.comment(CARLA, "My parcel never came, this is awful")
        await story.tell(value)
        card = (await rig.card("My parcel never came")).ts
        await story.tell(story.page.hide(value["comment_id"]))
        await rig.shows(card, "Hidden on Facebook")
        assert "not by Hark" in rig.text_of(card)
        assert len(await rig.service.store.cases.waiting(10)) == 1
        await rig.press(ANA, card, UNHIDE)
        await wait_until(lambda: "Hidden on Facebook" not in rig.text_of(card), "it is shown again")
        assert wishes(story) == [(value["comment_id"], False)]
        rig.sandbox.clock.skip(60)
        await story.tell(story.page.hide(value["comment_id"]), story.page.hide(value["comment_id"], hidden=False))
        await story.idle()


async def test_take_private_is_offered_once_for_a_comment(redis_url: str) -> None:
    """Facebook allows one private message about it: afterwards the button is gone."""
    async with a_story(redis_url) as story:
        rig = story.rig
        await story.tell(story.page.comment(CARLA, "You charged me twice, this is awful!"))
        card = (await rig.card("charged me twice")).ts
        assert "hark:private:v1" in rig.text_of(card)
        await rig.press(ANA, card, "hark:private:v1")
        assert (await rig.send(ANA, "May we have your order number?", signature="^AK")).ok
        await rig.shows(card, "read back")
        assert "hark:private:v1" not in rig.text_of(card)
        await story.tell(story.page.comment(CARLA, "And you charged my sister twice!"))
        await rig.shows(card, "charged my sister")
        assert "hark:private:v1" in rig.text_of(card)
