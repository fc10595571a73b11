"""Every text of the page can be read, in light and in dark."""

import pytest
from playwright.async_api import Browser, expect

from sandbox.slack.workspace import ANA, CARE
from tests.support.browser import BROWSER
from tests.support.page_sandbox import PageSandbox

pytestmark = BROWSER

LOW_CONTRAST = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const curve = (part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  const light = (channel) => curve(channel / 255);
  const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
  const isSolid = (colour) => colour.length === 3 || colour[3] === 1;
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length >= 3 && isSolid(colour)) return colour;
    }
    return [255, 255, 255];
  };
  const hasText = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  const shown = (element) => element.checkVisibility() && !element.closest("[inert], .sr, .skip, .avatar");
  const all = [...document.querySelectorAll("#app *")].filter((element) => hasText(element) && shown(element));
  return all.flatMap((element) => {
    const pair = [luminance(parse(getComputedStyle(element).color)), luminance(behind(element))].sort((a, b) => b - a);
    const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
    return ratio < 4.5 ? [`${ratio.toFixed(2)} ${element.className || element.tagName}: ${element.textContent}`] : [];
  });
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_texts_stand_out(browser: Browser, sandbox: PageSandbox, scheme: str) -> None:
    """Text has a contrast of at least 4.5 to 1 against what is behind it (WCAG 2.2, 1.4.3)."""
    post = sandbox.square.post("jamalreed.square.test", "@acme.square.test where is it?")
    sandbox.square.post("acme.square.test", "On its way. ^AK", reply_to=post.uri)
    sandbox.square.message("acme.square.test", "anahorvat.square.test", "Hello")
    await sandbox.bot.post(CARE, "hello?")
    await sandbox.bot.write(ANA, "Maya waits")
    page = await browser.new_page(
        viewport={"width": 1400, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    await page.goto(sandbox.url)
    card = page.get_by_test_id("channel").locator(".has-card")
    await card.get_by_role("button", name="Close", exact=True).click()
    await page.get_by_role("button", name="Close it").click()
    await expect(page.get_by_text("Only visible to you")).to_be_visible()
    assert await page.evaluate(LOW_CONTRAST) == []
    await card.get_by_role("button", name="Reply", exact=True).click()
    await expect(page.get_by_test_id("modal")).to_be_visible()
    assert await page.evaluate(LOW_CONTRAST) == []
