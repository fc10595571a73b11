"""The desk, end to end: real bot, real Redis, the local Slack and the square over real sockets."""

import asyncio
from dataclasses import replace
from functools import partial

from bot.cards.home import MINE_SHOWN, WAITING_SHOWN
from bot.domain.case import Person
from bot.domain.ports import Commit
from bot.services.composing import THANKS
from tests.support.cases import a_case, a_claim, a_key, a_wait
from tests.support.rig import ANA, BEN, CARE, COMPLAINT, Rig, a_rig
from tests.support.waiting import wait_until


async def test_a_post_becomes_a_card_and_the_answer_stands_on_the_network(redis_url: str) -> None:
    """Claim, reply with a first signature, read back: the whole way there and back."""
    async with a_rig(redis_url) as rig:
        card = await rig.complains()
        assert "Jamal Reed" in card.text
        await rig.press(ANA, card.ts, "hark:claim:v1")
        await rig.shows(card.ts, "Claimed by Ana")
        await rig.press(ANA, card.ts, "hark:reply:v1")
        await rig.shows(card.ts, "is writing")
        outcome = await rig.send(ANA, "So sorry, we are searching :slightly_smiling_face:", signature="^AK")
        assert outcome.ok
        await rig.shows(card.ts, "read back")
        assert rig.brand_posts() == ["So sorry, we are searching 🙂 ^AK"]
        assert len(rig.cards()) == 1


async def test_two_people_press_claim_at_once(redis_url: str) -> None:
    """One wins, the other is told who."""
    async with a_rig(redis_url) as rig:
        card = await rig.complains()
        await asyncio.gather(*(rig.press(user, card.ts, "hark:claim:v1") for user in (ANA, BEN)))
        await rig.shows(card.ts, "hark:release:v1")

        await wait_until(rig.whispers, "the loser is told")
        [told] = rig.whispers()
        winner = "Ana" if "Claimed by Ana" in rig.text_of(card.ts) else "Ben"
        assert winner in told.text


async def test_undo_keeps_what_was_drafted_since(redis_url: str) -> None:
    """Ana has begun a second reply when she takes the first one back: neither is lost."""
    async with a_rig(redis_url, {"HARK_UNDO_SECONDS": "60"}) as rig:
        ts = await _too_hasty(rig)
        (case,) = await rig.service.store.cases.waiting(1)
        await rig.service.store.notes.save_draft(case.id, ANA, "One more thing", private=False)
        await rig.press(ANA, ts, "hark:undo:v1")
        await wait_until(lambda: "hark:undo:v1" not in rig.text_of(ts), "the send is gone from the card")
        await wait_until(lambda: _drafted(rig, case.id, "Too hasty\n\nOne more thing"), "both are kept")


async def test_undo_takes_the_reply_back_and_keeps_the_words(redis_url: str) -> None:
    """Within the undo time nothing reaches the network, and the text is there again for the next try."""
    async with a_rig(redis_url, {"HARK_UNDO_SECONDS": "60"}) as rig:
        ts = await _too_hasty(rig)
        await rig.press(ANA, ts, "hark:undo:v1")
        await wait_until(lambda: "hark:undo:v1" not in rig.text_of(ts), "the send is gone from the card")
        rig.sandbox.clock.skip(120)
        await rig.press(ANA, ts, "hark:reply:v1")
        view = await rig.modal(ANA)
        assert "Too hasty" in str(view)
        assert rig.brand_posts() == []


async def test_a_cancelled_draft_is_kept_and_others_do_not_see_it(redis_url: str) -> None:
    """What was typed before Cancel stands there again; for Ben the modal is empty."""
    async with a_rig(redis_url) as rig:
        card = await rig.complains()
        await rig.press(ANA, card.ts, "hark:reply:v1")
        view = await rig.modal(ANA)
        await rig.sandbox.slack.press(ANA, "text", "hark:draft:v1", view_id=view["id"], value="Half a thought")
        await rig.sandbox.slack.close(ANA, view["id"])
        await wait_until(lambda: "is writing" not in rig.text_of(card.ts), "the card forgets that Ana was writing")
        await rig.press(ANA, card.ts, "hark:reply:v1")
        assert "Half a thought" in str(await rig.modal(ANA))
        await rig.press(BEN, card.ts, "hark:reply:v1")
        assert "Half a thought" not in str(await rig.modal(BEN))


async def test_ben_learns_that_ana_answered_meanwhile(redis_url: str) -> None:
    """Two open modals: the second Send shows the first answer, and goes out only when pressed again."""
    async with a_rig(redis_url) as rig:
        card = await rig.complains()
        for user in (ANA, BEN):
            await rig.press(user, card.ts, "hark:reply:v1")
            await rig.modal(user)
        await rig.send(ANA, "Ana's answer", signature="^AK")
        await rig.shows(card.ts, "read back")
        await rig.send(BEN, "Ben's answer", signature="^BO")
        assert "Ana's answer" in str(await rig.modal(BEN))
        assert rig.brand_posts() == ["Ana's answer ^AK"]
        await rig.send(BEN, "Ben's answer")
        await wait_until(lambda: len(rig.brand_posts()) == 2, "Ben's answer stands too")


async def test_problems_come_back_inline_and_nothing_is_sent(redis_url: str) -> None:
    """Too long, private data in public, words that only Slack understands: each error stands below the text."""
    async with a_rig(redis_url) as rig:
        card = await rig.complains()
        await rig.press(ANA, card.ts, "hark:reply:v1")
        for text, words in (
            ("x" * 300, "Too long for Bluesky by 4: with the signature it has 304 of 300 characters."),
            ("Write to jamal@mail.example", "private data (an e-mail address)"),
            ("4111 1111 1111 1111, jamal@mail.example", "(a payment card’s number, an e-mail address)"),
            ("Hello :party_parrot:", "only Slack understands it: leave it out"),
        ):
            outcome = await rig.send(ANA, text, signature="^AK")
            assert not outcome.ok
            assert words in str(outcome.errors), outcome
        assert rig.brand_posts() == []
        assert (await rig.send(ANA, "x" * 296, signature="^AK")).ok
        await wait_until(rig.brand_posts, "300 graphemes with the signature are just right")


async def test_acknowledge_asks_for_a_signature_once_and_stops_the_first_clock(redis_url: str) -> None:
    """One press; on first use the signature comes first; the answer promise stays."""
    async with a_rig(redis_url) as rig:
        card = await rig.complains()
        await rig.choose(ANA, card.ts, "acknowledge")
        await rig.send(ANA, signature="^AK")
        await wait_until(rig.brand_posts, "the acknowledgement stands")
        assert rig.brand_posts()[0].endswith("^AK")
        await wait_until(lambda: "first word due" not in rig.text_of(card.ts), "the first clock is stopped")
        assert "answer due" in rig.text_of(card.ts)
        rig.square.post("rosadiaz", "@acme.square.test where is my refund?")
        other = await rig.card("where is my refund")
        await rig.choose(ANA, other.ts, "acknowledge")
        await wait_until(lambda: len(rig.brand_posts()) == 2, "the second time one press is enough")


async def test_two_people_acknowledge_at_once(redis_url: str) -> None:
    """The customer reads one line; the second one is told that a first word is on its way, and is offered none."""
    async with a_rig(redis_url, {"HARK_UNDO_SECONDS": "60"}) as rig:
        for user, signature in ((ANA, "^AK"), (BEN, "^BO")):
            rig.square.post("rosadiaz", f"@acme.square.test hello {signature}")
            first = await rig.card(f"hello {signature}")
            await rig.choose(user, first.ts, "acknowledge")
            await rig.send(user, signature=signature)
        card = await rig.complains()
        assert "On it (acknowledge)" in rig.text_of(card.ts)
        await asyncio.gather(*(rig.choose(user, card.ts, "acknowledge") for user in (ANA, BEN)))

        await wait_until(rig.whispers, "the second one is told")
        assert [each.text for each in rig.whispers()] == [
            "The customer has had a first word already, or it is on its way."
        ]
        await rig.shows(card.ts, "hark:undo:v1")
        await wait_until(lambda: "On it (acknowledge)" not in rig.text_of(card.ts), "nobody is offered a second one")
        rig.sandbox.clock.skip(120)
        await wait_until(lambda: len(rig.brand_posts()) == 3, "one line for each customer")


async def test_thank_suggests_a_text_that_is_never_the_same_twice(redis_url: str) -> None:
    """The suggestion stands in the modal; the next one differs."""
    async with a_rig(redis_url) as rig:
        seen = []
        for name in ("jamalreed", "rosadiaz"):
            rig.square.post(name, f"@acme.square.test thank you so much, wonderful crew! {name}")
            card = await rig.card(f"wonderful crew! {name}")
            await rig.press(ANA, card.ts, "hark:thank:v1")
            view = await rig.modal(ANA)
            block = next(each for each in view["blocks"] if each["block_id"] == "text")
            seen.append(block["element"]["initial_value"])
            await rig.send(ANA, seen[-1], signature="^AK")
        await wait_until(lambda: len(rig.brand_posts()) == 2, "both thanks stand")
        assert seen[0] != seen[1]
        assert await rig.service.store.notes.recent(THANKS) == seen


async def test_a_thank_you_may_come_with_a_like(redis_url: str) -> None:
    """A tick in the form likes the post once the words stand; taking the words back takes the like back."""
    async with a_rig(redis_url) as rig:
        record = rig.square.post("jamalreed", "@acme.square.test what a wonderful crew, thank you!")
        card = await rig.card("wonderful crew")
        case = await _newest(rig)
        await rig.press(ANA, card.ts, "hark:thank:v1")
        await rig.send(ANA, "You made our day, Jamal!", signature="^AK", like="yes")
        await rig.shows(card.ts, "read back")
        brand = rig.square.who("acme").did
        likes = rig.square.world.pointing_at
        await wait_until(lambda: likes("app.bsky.feed.like", record.uri, brand), "the like stands")
        assert rig.brand_posts() == ["You made our day, Jamal! ^AK"]
        assert await _second_waits_for_first(rig, case)


async def test_taking_it_private_keeps_one_case_and_asks_for_a_closing_word(redis_url: str) -> None:
    """Message, public line, the private answer on the same card, and no closing before a public word."""
    async with a_rig(redis_url) as rig:
        card = await rig.complains()
        await rig.press(ANA, card.ts, "hark:private:v1")
        ask, line = "Is jamal@mail.example right? " + "Tell us all. " * 30, "We have written to you, Jamal."
        case = await _newest(rig)
        wrong = await rig.send(ANA, ask, signature="^AK", line="We wrote to jamal@mail.example")
        assert list(wrong.errors) == ["line"]
        assert (await rig.send(ANA, ask, signature="^AK", line=line)).ok
        await rig.shows(card.ts, "public thread")
        await wait_until(lambda: rig.brand_posts() == ["We have written to you, Jamal. ^AK"], "the public line stands")
        assert await _second_waits_for_first(rig, case)
        rig.square.message("jamalreed", "acme", "My code is QX77TT")
        await rig.shows(card.ts, "QX77TT")
        assert len(rig.cards()) == 1
        await rig.choose(ANA, card.ts, "close")
        await rig.send(ANA, reason="solved", loop="post", line="All sorted in private, thank you Jamal!")
        await rig.shows(card.ts, "hark:reopen:v1")
        await wait_until(lambda: len(rig.brand_posts()) == 2, "the closing word stands")


async def test_a_closing_line_does_not_follow_a_colleagues_words_unseen(redis_url: str) -> None:
    """Whoever fills in the form while a colleague writes is shown those words first; nothing is sent or closed."""
    async with a_rig(redis_url) as rig:
        card = await rig.complains()
        await rig.press(ANA, card.ts, "hark:private:v1")
        await rig.send(ANA, "Hi Jamal, one moment please", signature="^AK", line="We have written to you.")
        await wait_until(rig.brand_posts, "the public line stands")
        rig.square.message("jamalreed", "acme", "My code is QX77TT")
        await rig.shows(card.ts, "QX77TT")
        await rig.choose(ANA, card.ts, "close")
        form = await rig.modal(ANA)
        await rig.press(BEN, card.ts, "hark:reply:v1")
        assert (await rig.send(BEN, "We have found your bag!", signature="^BO")).ok
        answer = await rig.send(ANA, reason="solved", loop="post", line="We are still searching.")
        assert (await rig.modal(ANA))["id"] == form["id"]
        assert "Ben Okafor answered meanwhile: “We have found your bag! ^BO”" in str(answer.errors)
        assert "hark:release:v1" in rig.text_of(card.ts)
        await rig.choose(ANA, card.ts, "close")
        await wait_until(lambda: rig.sandbox.slack.views(ANA)[-1]["id"] != form["id"], "the form is open anew")
        await rig.send(ANA, reason="solved", loop="post", line="Your bag is found, Jamal!")
        await rig.shows(card.ts, "hark:reopen:v1")
        await wait_until(lambda: len(rig.brand_posts()) == 2, "the closing line stands")
        assert rig.brand_posts()[1] == "Your bag is found, Jamal! ^AK"


async def test_a_follow_up_joins_the_card_and_a_return_reopens_it(redis_url: str) -> None:
    """The customer's next post shows on the card and in its thread; after closing it is a new cycle."""
    async with a_rig(redis_url) as rig:
        first = rig.square.post("jamalreed", COMPLAINT)
        card = await rig.card("my bag is lost")
        rig.square.post("jamalreed", "@acme.square.test hello??", reply_to=first.uri)
        await rig.shows(card.ts, "hello??")
        await wait_until(lambda: any("hello??" in line for line in rig.lines()), "the thread has the line")
        await rig.choose(BEN, card.ts, "close")
        await rig.send(BEN, reason="no_reply")
        await rig.shows(card.ts, "hark:reopen:v1")
        rig.square.post("jamalreed", "@acme.square.test still nothing!", reply_to=first.uri)
        await rig.shows(card.ts, "still nothing!")
        await rig.shows(card.ts, "hark:claim:v1")
        assert "returning" in rig.text_of(card.ts)
        assert len(rig.cards()) == 1


async def test_edits_and_deletions_show_on_the_card(redis_url: str) -> None:
    """New words replace the old; a deletion leaves a tombstone."""
    async with a_rig(redis_url) as rig:
        record = rig.square.post("jamalreed", COMPLAINT)
        card = await rig.card("my bag is lost")
        rig.square.edit(record.uri, "@acme.square.test found it, sorry")
        await rig.shows(card.ts, "found it, sorry")
        rig.square.delete(record.uri)
        await rig.shows(card.ts, "Deleted by the customer")
        assert "found it" not in rig.text_of(card.ts)


async def test_not_for_us_and_reopen(redis_url: str) -> None:
    """Set aside after a confirmation, and brought back by one press."""
    async with a_rig(redis_url) as rig:
        rig.square.post("tombecker", "@acme.square.test buy cheap watches")
        card = await rig.card("cheap watches")
        await rig.choose(ANA, card.ts, "dismiss")
        await rig.send(ANA)
        await rig.shows(card.ts, "not for us")
        await rig.press(ANA, card.ts, "hark:reopen:v1")
        await rig.shows(card.ts, "Claimed by Ana")


async def test_history_home_and_the_slash_command(redis_url: str) -> None:
    """History tells who did what; Home and /hark show what waits."""
    async with a_rig(redis_url) as rig:
        card = await rig.complains()
        await rig.press(ANA, card.ts, "hark:claim:v1")
        await rig.shows(card.ts, "hark:release:v1")
        await rig.choose(ANA, card.ts, "history")
        assert "claimed" in str(await rig.modal(ANA))
        await rig.sandbox.slack.open_home(ANA)
        homes = rig.sandbox.slack.hub.views.homes
        await wait_until(lambda: "my bag is lost" in str(homes.get(ANA)), "Home lists the claim")
        for word, answer in (
            ("queue", "1 case"),
            ("mine", "my bag is lost"),
            ("speed", "1 waits now"),
            ("speed 31", "How fast we were since"),
            ("speed 32", "I can tell of 1 to 31 days"),
            ("speed fast", "I can tell of 1 to 31 days"),
            ("speedy", "/hark speed"),
            ("nonsense", "/hark queue"),
            ("", "/hark"),
        ):
            await rig.sandbox.slack.command(ANA, CARE, f"/hark {word}")
            await wait_until(partial(_whispered, rig, answer), f"/hark {word} answers")


async def test_a_new_name_is_learned_when_home_is_opened(redis_url: str) -> None:
    """Ana is called otherwise since Hark first asked: what she claims after she has seen Home says so."""
    async with a_rig(redis_url) as rig:
        card = await rig.complains()
        await rig.press(ANA, card.ts, "hark:claim:v1")
        await rig.shows(card.ts, "Claimed by Ana Kovač")
        await rig.press(ANA, card.ts, "hark:release:v1")
        await rig.shows(card.ts, "hark:claim:v1")
        users = rig.sandbox.slack.workspace.users
        users[ANA] = replace(users[ANA], real_name="Ana Horvat")
        await rig.sandbox.slack.open_home(ANA)
        await wait_until(lambda: rig.sandbox.slack.hub.views.homes.get(ANA), "Home is drawn")
        await rig.press(ANA, card.ts, "hark:claim:v1")
        await rig.shows(card.ts, "Claimed by Ana Horvat")


async def test_a_crowd_that_waits_is_counted_to_the_last(redis_url: str) -> None:
    """Home, /hark queue and /hark mine list the first, and say how many there are in all."""
    async with a_rig(redis_url) as rig:
        cases, now = rig.service.store.cases, rig.sandbox.clock.now()
        claim = a_claim(by=Person(id=ANA, name="Ana"), at=now)
        many = MINE_SHOWN + 2  # the longest of the lists, and two
        crowd = [a_case(key=a_key(f"post-{n}"), wait=a_wait(now), claim=claim) for n in range(many)]
        await asyncio.gather(*(cases.commit(Commit(None, case, now)) for case in crowd))
        await rig.sandbox.slack.open_home(ANA)
        homes = rig.sandbox.slack.hub.views.homes
        await wait_until(lambda: f"{many - WAITING_SHOWN} more" in str(homes.get(ANA)), "Home says how many wait")
        assert f"{many - MINE_SHOWN} more" in str(homes.get(ANA))
        await rig.sandbox.slack.command(ANA, CARE, "/hark queue")
        await wait_until(partial(_whispered, rig, f"{many} cases wait"), "/hark queue counts them")
        await rig.sandbox.slack.command(ANA, CARE, "/hark mine")
        await wait_until(partial(_whispered, rig, f"You have claimed {many} cases"), "and so does /hark mine")


def _whispered(rig: Rig, words: str) -> bool:
    """Whether somebody in the channel was told this alone."""
    return any(words in f"{each.text}{each.blocks}" for each in rig.whispers())


async def test_likes_and_follows_go_to_the_digest_not_to_cards(redis_url: str) -> None:
    """Quiet kinds make no card, and stand in the hourly message."""
    async with a_rig(redis_url) as rig:
        rig.square.follow("meitanaka", "acme")
        await rig.complains()
        await wait_until(rig.digest, "the follow is noted")
        rig.sandbox.clock.skip(2 * 3600)
        await wait_until(
            lambda: any("followed" in f"{m.text}{m.blocks}" for m in rig.sandbox.slack.messages(CARE)), "digest"
        )
        assert len(rig.cards()) == 1


async def _drafted(rig: Rig, case_id: str, text: str) -> bool:
    return await rig.service.store.notes.draft(case_id, ANA, private=False) == text


async def _too_hasty(rig: Rig) -> str:
    """Ana's reply waits for its undo time; the card that says so."""
    card = await rig.complains()
    await rig.answer(card.ts, "Too hasty")
    await rig.shows(card.ts, "hark:undo:v1")
    return card.ts


async def _newest(rig: Rig) -> str:
    """The only open case."""
    (case,) = await rig.service.store.cases.waiting(2)
    return case.id


async def _second_waits_for_first(rig: Rig, case_id: str) -> bool:
    """Whether what goes out second does so only once the first stands: a like without its words, or a public line about
    a message that never arrived, would be strange."""
    case = await rig.service.store.cases.load(case_id)
    return case is not None and [each.after for each in case.sends] == [None, case.sends[0].id]
