"""The customers' side of the page, in a real browser, over the real square; and the page as a whole."""

from playwright.async_api import Page, expect

from sandbox.slack.workspace import CARE
from tests.support.browser import BROWSER
from tests.support.page_sandbox import PageSandbox

pytestmark = BROWSER
ANA = "anahorvat.square.test"
JAMAL = "jamalreed.square.test"
ACME = "acme.square.test"


async def test_a_conversation_between_customer_and_brand(page: Page, sandbox: PageSandbox, errors: list[str]) -> None:
    """A customer posts, the brand replies below and is marked as the brand, and the customer answers that."""
    await page.goto(f"{sandbox.url}/?customer=jamal")
    await page.get_by_role("textbox", name="New post by Jamal Reed").fill(f"@{ACME} where is my bag? 💼 <b>help</b>")
    await page.get_by_role("button", name="Post", exact=True).click()
    post = page.get_by_test_id("post").filter(has_text="where is my bag")
    await expect(post.locator(".post-text")).to_have_text(f"@{ACME} where is my bag? 💼 <b>help</b>")
    await expect(post.locator(".mention")).to_have_text(f"@{ACME}")
    await expect(page.get_by_role("textbox", name="New post by Jamal Reed")).to_have_value("")
    await page.get_by_test_id(f"person-{ACME}").click()
    await post.get_by_role("button", name="Reply").click()
    answer = page.get_by_role("textbox", name="Reply to Jamal Reed")
    await expect(answer).to_be_focused()
    await answer.fill("We are looking for it. ^AK")
    await answer.press("Control+Enter")
    reply = page.get_by_role("article", name="Acme Air, the brand").filter(has_text="^AK")
    await expect(reply).to_contain_text("brand")
    await expect(answer).to_have_count(0)
    assert errors == []


async def test_likes_reposts_edits_and_deletions(page: Page, sandbox: PageSandbox) -> None:
    """Marks and counts follow the acts; an edit is marked; a deleted post with answers stays as a gap."""
    post = sandbox.square.post(JAMAL, "first words")
    sandbox.square.post(ACME, "an answer", reply_to=post.uri)
    await page.goto(f"{sandbox.url}/?customer={JAMAL}")
    item = page.locator(f"[data-uri='{post.uri}']")
    await item.get_by_role("button", name="Like, 0").click()
    await expect(item.get_by_role("button", name="Like, 1")).to_have_attribute("aria-pressed", "true")
    await item.get_by_role("button", name="Repost, 0").click()
    await expect(item.get_by_role("button", name="Repost, 1")).to_have_attribute("aria-pressed", "true")
    await item.get_by_role("button", name="More for this post").click()
    await page.get_by_role("menuitem", name="Edit").click()
    editor = item.get_by_role("textbox", name="Edit the post")
    await expect(editor).to_have_value("first words")
    await editor.fill("better words")
    await item.get_by_role("button", name="Save").click()
    await expect(item).to_contain_text("better words")
    await expect(item).to_contain_text("edited")
    await item.get_by_role("button", name="More for this post").click()
    await page.get_by_role("menuitem", name="Delete").click()
    await expect(page.get_by_text("This post was deleted.")).to_be_visible()
    await expect(page.get_by_text("an answer")).to_be_visible()


async def test_a_post_that_is_too_long_is_kept(page: Page, sandbox: PageSandbox) -> None:
    """The counter counts what people see as characters; the refusal is shown and the text stays."""
    await page.goto(sandbox.url)
    box = page.get_by_role("textbox", name="New post by")
    await box.fill("👩‍👩‍👧" * 2)
    await expect(page.get_by_label("298 characters left")).to_be_visible()
    await box.fill("x" * 301)
    await expect(page.get_by_label("1 characters too many")).to_be_visible()
    await page.get_by_role("button", name="Post", exact=True).click()
    await expect(page.locator(".toast.error")).to_be_visible()
    await expect(box).to_have_value("x" * 301)


async def test_private_messages(page: Page, sandbox: PageSandbox) -> None:
    """A private message is announced by a count, read in its conversation, and answered."""
    sandbox.square.message(ACME, ANA, "Could you send us the reference?")
    await page.goto(f"{sandbox.url}/?customer={ANA}")
    await page.get_by_role("button", name="Messages, 1 new").click()
    await page.locator(".row", has_text="Could you send").click()
    await expect(page.get_by_role("button", name="Messages", exact=True)).to_be_visible()
    box = page.get_by_role("textbox", name="Message to Acme Air")
    await box.fill("PIR LIS4471")
    await box.press("Enter")
    await expect(page.get_by_test_id("bubble").last).to_contain_text("PIR LIS4471")
    await page.get_by_test_id("person-rosadiaz.square.test").click()
    await expect(page.get_by_test_id("bubble")).to_have_count(0)


async def test_follow_and_who_may_write(page: Page, sandbox: PageSandbox) -> None:
    """A customer follows the brand and closes the door to private messages; the brand is told so when it writes."""
    await page.goto(f"{sandbox.url}/?customer={JAMAL}")
    await page.get_by_role("button", name="People").click()
    await page.get_by_role("button", name="Follow Acme Air").click()
    await expect(page.locator(".row", has_text="Acme Air")).to_contain_text("Following")
    await page.get_by_label("Who may write to me privately").select_option("Nobody")
    await page.get_by_test_id(f"person-{ACME}").click()
    await page.get_by_role("button", name="Message Jamal Reed").click()
    box = page.get_by_role("textbox", name="Message to Jamal Reed")
    await box.fill("hello")
    await box.press("Enter")
    await expect(page.locator(".toast.error")).to_be_visible()
    await expect(box).to_have_value("hello")


async def test_times_follow_the_sandboxes_clock(page: Page, sandbox: PageSandbox) -> None:
    """ "Two hours ago" means sandbox hours."""
    sandbox.square.post(JAMAL, "old news")
    await page.goto(sandbox.url)
    item = page.get_by_test_id("post").filter(has_text="old news")
    await expect(item.locator("time")).to_have_text("now")
    sandbox.clock.skip(7200)
    await expect(item.locator("time")).to_contain_text("2 hr")


async def test_a_narrow_window_shows_one_side_at_a_time(phone_page: Page, sandbox: PageSandbox) -> None:
    """On a real phone the sides are behind two buttons, Slack is laid out as on a phone, and nothing is cut off."""
    await sandbox.bot.post(CARE, "hello?")
    await phone_page.goto(sandbox.url)
    await expect(phone_page.get_by_test_id("square-pane")).to_be_visible()
    await expect(phone_page.get_by_test_id("slack-pane")).to_be_hidden()
    await phone_page.get_by_role("button", name="Team’s Slack").click()
    await expect(phone_page.get_by_test_id("square-pane")).to_be_hidden()
    await expect(phone_page.get_by_test_id("phone").get_by_role("button", name="Claim")).to_be_in_viewport()
    assert await phone_page.evaluate("document.documentElement.scrollWidth") == 390


UNNAMED = """() => [...document.querySelectorAll("button, a[href], input, select, textarea")]
  .filter((e) => e.checkVisibility())
  .filter((e) => !(e.getAttribute("aria-label") || e.textContent.trim() || e.labels?.length))
  .map((e) => e.outerHTML)"""
DUPLICATE_IDS = """() => {
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  return ids.filter((id, index) => ids.indexOf(id) !== index);
}"""


async def test_controls_have_names_and_the_keyboard_reaches_them(page: Page, sandbox: PageSandbox) -> None:
    """Every control has a name, ids are unique, headings and landmarks are there, and focus can be seen."""
    await sandbox.bot.post(CARE, "hello?")
    sandbox.square.post(JAMAL, "hello")
    await page.goto(sandbox.url)
    await page.get_by_test_id("channel").locator(".has-card").get_by_role("button", name="Reply", exact=True).click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    assert await page.evaluate(UNNAMED) == []
    assert await page.evaluate(DUPLICATE_IDS) == []
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    for name in ("The square", "The team’s Slack"):
        await expect(page.get_by_role("region", name=name, exact=True)).to_be_visible()
    await page.locator("body").evaluate("element => { element.tabIndex = -1; element.focus(); }")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the square")).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Forward 5 minutes")).to_be_focused()
    assert await page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


async def test_screen_readers_hear_what_arrives(page: Page, sandbox: PageSandbox) -> None:
    """A new message is announced in words: who, where, what; what was there before is not."""
    await sandbox.bot.write(CARE, "old")
    await page.goto(sandbox.url)
    await expect(page.get_by_test_id("message")).to_have_count(1)
    announcer = page.locator("#announcer")
    await expect(announcer).to_have_text("")
    await sandbox.bot.write(CARE, "Maya waits, see <https://example.org|her post>")
    await expect(announcer).to_have_text("Hark in #care: Maya waits, see her post")


async def test_only_what_changed_is_drawn(page: Page, sandbox: PageSandbox) -> None:
    """A new message adds one item and leaves the others' elements alone, however many there are."""
    for number in range(30):
        await sandbox.bot.write(CARE, f"message {number}")
    await page.goto(sandbox.url)
    await expect(page.get_by_test_id("message")).to_have_count(30)
    await page.evaluate("""() => {
      window.touched = new Set();
      const note = (records) => records.forEach((r) => window.touched.add(r.target.closest?.(".message")?.dataset.ts));
      new MutationObserver(note).observe(document.querySelector(".channel .messages"),
        { subtree: true, childList: true, characterData: true, attributes: true });
    }""")
    await sandbox.bot.write(CARE, "one more")
    await expect(page.get_by_test_id("message")).to_have_count(31)
    assert await page.evaluate("[...window.touched].filter(Boolean)") == []
    await expect(page.get_by_text("one more", exact=True)).to_be_in_viewport()


async def test_who_may_write_is_shown_and_chosen(page: Page, sandbox: PageSandbox) -> None:
    """Each person sees their own choice, the default included, and can change it."""
    await page.goto(f"{sandbox.url}/?customer=mei")
    await page.get_by_role("button", name="People").click()
    choice = page.get_by_label("Who may write to me privately")
    await expect(choice).to_have_value("following")
    await choice.select_option("none")
    await page.get_by_test_id(f"person-{JAMAL}").click()
    await expect(choice).to_have_value("all")
    await page.get_by_test_id("person-meitanaka.square.test").click()
    await expect(choice).to_have_value("none")
