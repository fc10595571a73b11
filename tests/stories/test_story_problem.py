"""A known problem that is no storm: a few customers a day, and everybody is to be told that we are at it."""

from tests.support.rig import ANA, BEN, CARE, a_rig
from tests.support.waiting import wait_until

LINE = "We know that the spring update closes the app, and the repair comes on Friday. Sorry!"


async def test_a_problem_is_opened_by_command_and_its_line_is_there_for_each_customer(redis_url: str) -> None:
    """Ana opens it without any storm; who waits already belongs to it, who comes later is counted on its card."""
    async with a_rig(redis_url) as rig:
        rig.square.post("rosadiaz", "@acme.square.test your spring update closes my app, what now?")
        card = await rig.card("closes my app")
        await rig.sandbox.slack.command(ANA, CARE, "/hark problem")
        wordless = await rig.send(ANA, None, title="Spring update", known="Repair on Friday", line=LINE, words="a")
        assert wordless.errors == {"words": "Nothing changed: Write a word or two by which its cases are told."}
        strange = await rig.send(ANA, None, title="Spring update", line="Sorry :our_logo:", words="spring update")
        assert "only Slack understands it: leave it out" in strange.errors["line"]
        untitled = await rig.send(ANA, None, title=" ", line=LINE, words="spring update")
        assert "title that colleagues recognise" in untitled.errors["title"]
        assert (await rig.send(ANA, None, title="Spring update", line=LINE, words="spring update")).ok
        await rig.while_time_flies(lambda: "Known problem" in rig.text_of(card.ts), "the card says so")
        await rig.press(BEN, card.ts, "hark:reply:v1")
        assert LINE in str((await rig.modal(BEN))["blocks"])
        await wait_until(lambda: rig.service.calm.storms._weathers[CARE].problems, "the worker knows of the problem")
        rig.square.post("meitanaka", "@acme.square.test the app is gone since the spring update")
        problem = await rig.card("problem-")
        await rig.while_time_flies(lambda: "2 cases" in rig.text_of(problem.ts), "its card counts both")


async def test_a_slack_that_is_slow_to_say_who_it_is_fails_no_form(redis_url: str) -> None:
    """Whoever uses Hark for the first time opens a problem, and somebody else solves it: both forms close in time."""
    async with a_rig(redis_url) as rig:
        await rig.sandbox.slack.command(ANA, CARE, "/hark problem")
        rig.sandbox.slack.set_fault("slow", "users.info", delay_s=4.0)
        assert (await rig.send(ANA, None, title="Spring update", line=LINE, words="spring update")).ok
        rig.square.post("rosadiaz", "@acme.square.test your spring update closes my app, what now?")
        problem = await rig.card("problem-")
        await rig.press(BEN, problem.ts, "hark:problem-solved:v1")
        await rig.modal(BEN)
        strange = await rig.send(BEN, None, line="It is repaired :our_logo:")
        assert "only Slack understands it: leave it out" in strange.errors["line"]
        rig.sandbox.slack.set_fault("slow", "users.info", delay_s=4.0)
        assert (await rig.send(BEN, None, line="It is repaired.")).ok
        rig.sandbox.clock.skip(10)
        await rig.shows(problem.ts, "Solved: Spring update")
