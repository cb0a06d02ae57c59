"""What is checked of every page: words and keyboard."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.e2e.browser import FOCUS

BROKEN_WORDS = r"""() => [...document.querySelectorAll("table")].flatMap((table) => {
  const found = [], texts = document.createTreeWalker(table, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const { currentNode: text } = texts;
    if (!text.parentElement.checkVisibility() || text.parentElement.closest(".hidden")) continue;
    for (const word of text.data.matchAll(/[\p{L}\p{N}]{2,}/gu)) {
      if (word[0].length > 20) continue;
      const range = document.createRange();
      range.setStart(text, word.index);
      range.setEnd(text, word.index + word[0].length);
      const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
      if (lines.size > 1) found.push(word[0]);
    }
  }
  return found;
})"""
"""Words of tables that begin on one line and end on another; a long name may."""
NAME = "({ id, textContent, value }) => id || textContent || value"
STOPS = f"""() => [
    ...document.querySelectorAll(
      "a[href], button, input, select, textarea, summary, [tabindex='0']")
  ]
  .filter((each) => each.type !== "hidden" && each.checkVisibility())
  .filter((each) => {{  // of a group of radio buttons the checked one, else the first
    const group = each.type === "radio" ? [...document.getElementsByName(each.name)] : [each];
    return each === (group.find((one) => one.checked) ?? group[0]);
  }})
  .map({NAME})"""


WATCH_FOCUS = f"""() => {{
  window.metByKeyboard = [];
  document.addEventListener("focusin", () => {{
    window.metByKeyboard.push([({NAME})(document.activeElement), ...({FOCUS})()]);
  }});
}}"""
"""Notes name and text of each element that gets the focus, and whether the focus is visible."""


def the_keyboard_reaches_everything_in_order_and_shows_where_it_is(page: Page) -> None:
    everything = page.evaluate(STOPS)
    page.locator(".skip").focus()
    met = [page.evaluate(f"({NAME})(document.activeElement)")]
    page.evaluate(WATCH_FOCUS)
    for _ in everything[1:]:
        page.keyboard.press("Tab")
    noted = page.evaluate("window.metByKeyboard")
    assert [text for _, text, visible in noted if not visible] == []
    met += [name for name, _, _ in noted]
    assert met == everything
