"""The team's side of the page, in a real browser, over the real local Slack and a real Bolt app."""

from playwright.async_api import Browser, Locator, Page, expect

from sandbox.slack.workspace import ANA, BEN, CARE
from tests.support.browser import BROWSER
from tests.support.page_sandbox import PageSandbox
from tests.support.waiting import wait_until

pytestmark = BROWSER
HOSTILE = "<!channel> <@U01BEN2M9TR> *bold* <img src=x onerror=alert(1)> </p><script>alert(2)</script> \u202eabc"


def card_of(page: Page, index: int = 0) -> Locator:
    """A card in the channel."""
    return page.get_by_test_id("channel").locator(".has-card").nth(index)


async def open_reply(page: Page) -> Locator:
    """Press Reply on the first card and wait for the modal."""
    await card_of(page).get_by_role("button", name="Reply", exact=True).click()
    dialog = page.get_by_role("dialog", name="PUBLIC reply")
    await expect(dialog).to_be_visible()
    return dialog


async def test_a_card_appears_without_a_reload(page: Page, sandbox: PageSandbox, errors: list[str]) -> None:
    """A message posted while the page is open is drawn with its texts, its buttons and its link."""
    await page.goto(sandbox.url)
    await expect(page.get_by_role("heading", name="#care")).to_be_visible()
    await sandbox.bot.post(CARE, "my bag is lost")
    card = card_of(page)
    await expect(card.get_by_role("blockquote")).to_have_text("my bag is lost")
    await expect(card.locator("strong")).to_have_text("Maya")
    await expect(card.locator("em")).to_have_text("Bluesky")
    await expect(card.get_by_role("link", name="profile")).to_have_attribute("rel", "noopener noreferrer")
    await expect(card.get_by_role("img", name="bird")).to_have_text("🐦")
    await expect(card.locator("time[datetime='2100-01-01T00:00:00.000Z']")).to_contain_text("2100")
    await expect(card.get_by_role("button")).to_have_text(["Claim", "Reply", "Thank", "Close", "", ""])
    assert errors == []


async def test_hostile_words_stay_words(page: Page, sandbox: PageSandbox, errors: list[str]) -> None:
    """Markup, mentions and mrkdwn in a customer's words are shown as typed, and nothing of it runs."""
    await sandbox.bot.post(CARE, HOSTILE)
    await page.goto(sandbox.url)
    quote = card_of(page).get_by_role("blockquote")
    await expect(quote).to_have_text(HOSTILE)
    assert await quote.locator("*").count() == 0
    assert errors == []


async def test_a_press_is_drawn_in_place(page: Page, sandbox: PageSandbox) -> None:
    """Claim redraws the card that was pressed; the keyboard's focus is not lost with the button that went."""
    await sandbox.bot.post(CARE, "first")
    await sandbox.bot.post(CARE, "second")
    await page.goto(sandbox.url)
    claim = card_of(page).get_by_role("button", name="Claim")
    await claim.focus()
    await page.keyboard.press("Enter")
    await expect(card_of(page)).to_contain_text("Claimed by @ana")
    await expect(card_of(page).get_by_role("button", name="Release")).to_be_visible()
    await expect(card_of(page, 1)).to_contain_text("Nobody has claimed this yet")
    assert await page.evaluate("document.activeElement.closest('.has-card') !== null")


async def test_typing_survives_every_refresh(page: Page, sandbox: PageSandbox) -> None:
    """What is being typed stays, with the cursor in it, while messages come and the clock moves."""
    await page.goto(sandbox.url)
    box = page.get_by_role("textbox", name="Message #care")
    await box.fill("half a sen")
    for number in range(3):
        await sandbox.bot.write(CARE, f"news {number}")
        await expect(page.get_by_text(f"news {number}", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Forward 1 hour").click()
    await expect(page.get_by_role("status").first).to_contain_text("It is now")
    await box.focus()
    await page.keyboard.press("End")
    await sandbox.bot.write(CARE, "more news")
    await expect(page.get_by_text("more news", exact=True)).to_be_visible()
    await page.keyboard.type("tence")
    await expect(box).to_have_value("half a sentence")
    await page.get_by_role("button", name="#random").click()
    await expect(page.get_by_role("textbox", name="Message #random")).to_have_value("")
    await page.get_by_role("button", name="#care", exact=True).click()
    await expect(page.get_by_role("textbox", name="Message #care")).to_have_value("half a sentence")


async def test_a_modal_from_start_to_end(page: Page, sandbox: PageSandbox) -> None:
    """A modal shows inline errors, keeps what was entered, and hands every kind of input to the app."""
    await sandbox.bot.post(CARE, "hello?")
    await page.goto(sandbox.url)
    dialog = await open_reply(page)
    text = dialog.get_by_label("Your reply")
    await expect(text).to_be_focused()
    await expect(text).to_have_value("Hello")
    await expect(dialog.get_by_text("35 left")).to_be_visible()
    await text.fill("x" * 41)
    await expect(dialog.get_by_text("1 too many")).to_be_visible()
    await dialog.get_by_role("button", name="Send").click()
    await expect(text).to_have_attribute("aria-invalid", "true")
    await text.fill("bad")
    await dialog.get_by_role("button", name="Send").click()
    await expect(dialog.get_by_text("Someone answered meanwhile.")).to_be_visible()
    await expect(text).to_have_accessible_description("Someone answered meanwhile. The signature is added. 37 left")
    await expect(text).to_be_focused()
    await dialog.get_by_label("Snippet").select_option("Refund")
    await dialog.get_by_label("Warm").check()
    await dialog.get_by_label("Like the post").check()
    await dialog.get_by_label("Colleague").select_option("Ben Okafor")
    await text.fill("We are on it 💚")
    await dialog.get_by_role("button", name="Send").click()
    await expect(dialog).to_be_hidden()
    await wait_until(lambda: sandbox.bot.submitted, "the app has the submission")
    values = sandbox.bot.submitted[0]
    assert values["text"]["text"]["value"] == "We are on it 💚"
    assert values["snippet"]["snippet"]["selected_option"]["value"] == "refund"
    assert values["tone"]["tone"]["selected_option"]["value"] == "warm"
    assert [one["value"] for one in values["also"]["also"]["selected_options"]] == ["like"]
    assert values["who"]["who"]["selected_user"] == BEN
    await card_of(page).get_by_role("button", name="1 reply").click()
    await expect(page.get_by_test_id("thread")).to_contain_text("Sent: We are on it 💚")


async def test_the_stack_of_modals(page: Page, sandbox: PageSandbox) -> None:
    """A pushed modal lies on top; Esc closes only it, focus and typing come back, and Close all ends the stack."""
    await sandbox.bot.post(CARE, "hello?")
    await page.goto(sandbox.url)
    dialog = await open_reply(page)
    await dialog.get_by_label("Your reply").fill("half")
    await dialog.get_by_role("button", name="Help").click()
    help_view = page.get_by_role("dialog", name="Help")
    await expect(help_view).to_be_visible()
    await expect(dialog).to_be_hidden()
    await page.keyboard.press("Escape")
    await expect(help_view).to_be_hidden()
    await expect(dialog.get_by_label("Your reply")).to_have_value("half")
    await dialog.get_by_role("button", name="Refresh").click()
    await expect(dialog).to_contain_text("Ben answered meanwhile.")
    await expect(dialog.get_by_label("Your reply")).to_have_value("half")
    await dialog.get_by_role("button", name="Help").click()
    await page.get_by_role("dialog", name="Help").get_by_role("button", name="Close all").click()
    await expect(page.get_by_test_id("modal")).to_have_count(0)
    assert sandbox.slack.views(ANA) == []
    assert await page.evaluate("document.activeElement.closest('.has-card') !== null")


async def test_a_modal_blocks_only_slack(page: Page, sandbox: PageSandbox) -> None:
    """While a modal is open the card behind cannot be pressed, but a customer can still write on the square."""
    await sandbox.bot.post(CARE, "hello?")
    await page.goto(sandbox.url)
    await open_reply(page)
    assert await page.locator(".workspace-inner").get_attribute("inert") is not None
    await page.get_by_role("textbox", name="New post by").fill("and another thing")
    await page.get_by_role("button", name="Post", exact=True).click()
    await expect(page.get_by_test_id("post").first).to_contain_text("and another thing")
    await expect(page.get_by_test_id("modal")).to_be_visible()


async def test_menu_confirm_and_ephemeral(page: Page, sandbox: PageSandbox) -> None:
    """The overflow menu works by keyboard; a confirm can be refused; the answer is visible to one person only."""
    await sandbox.bot.post(CARE, "hello?")
    await page.goto(sandbox.url)
    await card_of(page).get_by_role("button", name="More actions").press("Enter")
    await expect(page.get_by_role("menuitem", name="Acknowledge")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("menu")).to_have_count(0)
    await expect(card_of(page).get_by_role("button", name="More actions")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await card_of(page).get_by_role("button", name="1 reply").click()
    await expect(page.get_by_test_id("thread").locator("code")).to_have_text("history")
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("thread")).to_have_count(0)
    await card_of(page).get_by_role("button", name="Close", exact=True).click()
    await page.get_by_role("dialog", name="Close this?").get_by_role("button", name="Keep it").click()
    await expect(page.get_by_text("Only visible to you")).to_have_count(0)
    await card_of(page).get_by_role("button", name="Close", exact=True).click()
    await page.get_by_role("button", name="Close it").click()
    await expect(page.get_by_text("Only visible to you")).to_be_visible()
    await page.get_by_test_id("staff-ben").click()
    await expect(page.get_by_test_id("staff-ben")).to_have_attribute("aria-pressed", "true")
    await expect(page.get_by_test_id("message").filter(has_text="Closed for you only.")).to_have_count(0)


async def test_the_answer_to_a_command_is_seen_by_who_read_older_messages(page: Page, sandbox: PageSandbox) -> None:
    """Who writes is taken to the end of the channel."""
    await page.goto(sandbox.url)
    for number in range(12):
        await sandbox.bot.post(CARE, f"bag {number} is lost")
    await expect(card_of(page, 11)).to_be_in_viewport()
    await card_of(page).scroll_into_view_if_needed()
    await expect(card_of(page)).to_be_in_viewport()
    box = page.get_by_role("textbox", name="Message #care")
    await box.fill("/hark queue")
    await box.press("Enter")
    await expect(page.get_by_test_id("channel").locator(".ephemeral").last).to_be_in_viewport()


async def test_messages_threads_and_commands(page: Page, sandbox: PageSandbox) -> None:
    """Staff write in a channel, answer in a thread and use a command; what they type is drawn as Slack draws it."""
    await page.goto(sandbox.url)
    box = page.get_by_role("textbox", name="Message #care")
    await box.fill("*Look* at <this> & `that`")
    await box.press("Enter")
    message = page.get_by_test_id("message").last
    await expect(message.locator(".text")).to_have_text("Look at <this> & that")
    await expect(message.locator("strong")).to_have_text("Look")
    await expect(box).to_have_value("")
    await message.hover()
    await message.get_by_role("button", name="Reply in thread").click()
    answer = page.get_by_role("textbox", name="Reply in thread")
    await expect(answer).to_be_focused()
    await answer.fill("on it")
    await answer.press("Enter")
    await expect(page.get_by_test_id("thread")).to_contain_text("1 reply")
    await expect(page.get_by_test_id("channel").get_by_role("button", name="1 reply")).to_be_visible()
    await page.get_by_role("button", name="Close thread").click()
    await box.fill("/hark queue")
    await box.press("Enter")
    await expect(page.get_by_test_id("message").last).to_contain_text("Queue for @ana: empty")


async def test_direct_messages_pushes_and_unread(page: Page, sandbox: PageSandbox) -> None:
    """A direct message raises a banner and an unread mark; opening the banner shows it and clears the mark."""
    await sandbox.bot.post(CARE, "hello?")
    await page.goto(sandbox.url)
    await card_of(page).get_by_role("button", name="Thank").click()
    push = page.get_by_test_id("push")
    await expect(push).to_contain_text("Maya waits: open")
    await expect(page.get_by_role("button", name="Hark, 1 unread")).to_be_visible()
    await expect(page).to_have_title("(1) Hark sandbox")
    await push.get_by_role("button").first.click()
    await expect(page.get_by_role("heading", name="Hark", level=2)).to_be_visible()
    await expect(page.get_by_test_id("message").last).to_contain_text("Maya waits")
    await expect(page).to_have_title("Hark sandbox")
    await expect(push).to_have_count(0)


async def test_two_tabs_are_two_people(page: Page, browser: Browser, sandbox: PageSandbox) -> None:
    """The address names who acts, so two tabs are two people, and each sees what the other does."""
    await sandbox.bot.post(CARE, "hello?")
    other = await browser.new_page()
    await page.goto(f"{sandbox.url}/?staff=ana")
    await other.goto(f"{sandbox.url}/?staff=Ben")
    await expect(other.get_by_test_id("staff-ben")).to_have_attribute("aria-pressed", "true")
    await card_of(other).get_by_role("button", name="Claim").click()
    await expect(card_of(page)).to_contain_text("Claimed by @ben")
    await other.get_by_test_id("staff-chloe").click()
    await expect(other).to_have_url(f"{sandbox.url}/?staff=chloe&customer=anahorvat.square.test")


async def test_the_apps_home(page: Page, sandbox: PageSandbox) -> None:
    """Opening the app's home asks the app to draw it, and its buttons reach the app."""
    await page.goto(sandbox.url)
    await page.get_by_role("button", name="Hark home").click()
    home = page.get_by_test_id("home")
    await expect(home.get_by_role("heading", name="My claims")).to_be_visible()
    await home.get_by_role("button", name="Thank").click()
    await expect(page.get_by_test_id("push")).to_be_visible()


async def test_an_error_of_slack_is_shown_until_dismissed(page: Page, sandbox: PageSandbox) -> None:
    """A press on a card that has changed meanwhile is explained, and the notice goes when it is dismissed."""
    await page.goto(sandbox.url)
    sandbox.slack.workspace.notice(ANA, "This did not work. Try again.")
    notice = page.get_by_test_id("notice")
    await expect(notice).to_contain_text("This did not work. Try again.")
    await notice.get_by_role("button", name="Dismiss").click()
    await expect(notice).to_have_count(0)


async def test_the_clock_is_the_sandboxes(page: Page, sandbox: PageSandbox) -> None:
    """The clock shows sandbox time, a skip moves it for the viewer, and "next morning" is 9:00 there."""
    await page.goto(sandbox.url)
    shown = page.get_by_test_id("sandbox-time")
    before = sandbox.clock.now()
    await page.get_by_role("button", name="Forward 2 hours").click()
    await expect(page.get_by_role("status").first).to_contain_text("It is now")
    assert (sandbox.clock.now() - before).total_seconds() >= 7200
    await page.get_by_role("button", name="Forward to the next morning").click()
    await expect(shown).to_contain_text("9:00")
    sandbox.clock.skip(1800)
    await expect(shown).to_contain_text("9:30")


async def test_the_phone(page: Page, sandbox: PageSandbox) -> None:
    """The phone shows one place at a time in 390 points, with its navigation, full-screen modals and banners."""
    await sandbox.bot.post(CARE, "hello?")
    await page.goto(f"{sandbox.url}/?view=phone")
    phone = page.get_by_test_id("phone")
    await expect(card_of(page)).to_be_visible()
    assert await phone.evaluate("element => element.clientWidth") == 390
    dialog = await open_reply(page)
    assert await dialog.evaluate("element => element.clientWidth") == 390
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await card_of(page).get_by_role("button", name="Thank").click()
    await expect(phone.get_by_test_id("push")).to_be_visible()
    tabs = page.get_by_role("navigation", name="Phone navigation")
    await tabs.get_by_role("button", name="Home").click()
    await expect(phone.get_by_role("button", name="#random")).to_be_visible()
    await tabs.get_by_role("button", name="You").click()
    await phone.get_by_role("button", name="Chloe").click()
    await expect(page.get_by_test_id("staff-chloe").first).to_have_attribute("aria-pressed", "true")
    await page.get_by_role("button", name="Phone", exact=True).click()
    await expect(page.get_by_test_id("workspace")).to_be_visible()
