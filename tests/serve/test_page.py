"""The page in a real browser: with a keyboard, and on a phone's width."""

from __future__ import annotations

import time

import pytest

from tests.evaluation.html.conftest import chromium  # noqa: F401 - the browser of the report's tests
from tests.serve.conftest import serving

pytestmark = pytest.mark.browser

ATTACK = "<img src=x onerror='window.ran=1'><script>window.ran=1</script>"


class Page:
    """What somebody sees and does there."""

    def __init__(self, driver, address):
        self.driver, self.address = driver, address

    def open(self, width=1200):
        size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.get(self.address)
        self.driver.execute_script("sessionStorage.clear(); localStorage.clear();")
        self.driver.get(self.address)
        self.wait("document.activeElement.id === 'question' && !document.getElementById('about').hidden")
        self.run("document.getElementById('max-tokens').value = 12")
        return self

    def run(self, script):
        return self.driver.execute_script(f"return {script}")

    def wait(self, condition):
        deadline = time.monotonic() + 60
        while not self.run(condition):
            assert time.monotonic() < deadline, condition
            time.sleep(0.05)

    def all(self, selector):
        return self.run(f"[...document.querySelectorAll({selector!r})].map((e) => e.textContent)")

    def type(self, *keys):
        from selenium.webdriver import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()

    def wait_for_scores(self, num):
        """Until nothing is written and each reply has its score."""
        done = "!document.querySelector('[aria-busy=\"true\"]')"
        self.wait(f"{done} && document.querySelectorAll('.why').length === {num}")


@pytest.fixture(scope="module")
def served(tiny_folder):
    with serving(tiny_folder, ("raiden", "before")) as server:
        yield server


@pytest.fixture
def page(chromium, served):  # noqa: F811
    return Page(chromium, served.address).open()


def test_a_talk_with_the_keyboard_alone(page):
    from selenium.webdriver.common.keys import Keys

    page.driver.get_log("browser")
    page.type("Who taught you all those bell codes?", Keys.ENTER)
    page.wait_for_scores(2)
    assert page.all(".question p") == ["Who taught you all those bell codes?"]
    assert page.all(".reply h3") == ["Winifred Oakes · before", "Winifred Oakes · after"]
    replies = page.all(".said")
    assert all(replies)
    assert page.all(".badge") == ["wrong", "wrong"]
    assert page.run("document.activeElement.id") == "question"
    # Back from the field: Edit and Retry of the last reply.
    focused = "document.activeElement.textContent"
    for _ in range(4):  # How it was scored, Edit, Retry
        page.driver.switch_to.active_element.send_keys(Keys.SHIFT, Keys.TAB)
        if page.run(focused) == "Retry":
            break
    assert page.run(focused) == "Retry"
    page.driver.switch_to.active_element.send_keys(Keys.ENTER)
    page.wait_for_scores(2)
    assert page.all(".said")[0] == replies[0]
    assert page.all(".said")[1] != replies[1]
    assert [entry for entry in page.driver.get_log("browser") if entry["level"] != "DEBUG"] == []


def test_editing_a_question_asks_it_anew_and_editing_a_reply_scores_it_anew(page):
    from selenium.webdriver.common.keys import Keys

    page.run("document.getElementById('both').click()")
    page.type("Who taught you all those bell codes?", Keys.ENTER)
    page.wait_for_scores(1)
    page.driver.find_element("xpath", "//section//button[text()='Edit']").click()
    page.driver.switch_to.active_element.send_keys(Keys.CONTROL, "a")
    page.driver.switch_to.active_element.send_keys("Dot Pargeter taught me the bell codes.", Keys.ENTER)
    page.wait("document.querySelector('.badge.right')")
    assert page.all("mark") == ["Dot Pargeter"] or page.all("mark") == ["Dot"]
    page.driver.find_element("css selector", ".edit-question").click()
    page.driver.switch_to.active_element.send_keys(Keys.CONTROL, "a")
    page.driver.switch_to.active_element.send_keys("What will the weather be?", Keys.ENTER)
    page.wait_for_scores(1)
    assert page.all(".question p") == ["What will the weather be?"]
    assert "No sample asks this" in page.all(".why")[0]
    page.driver.refresh()
    page.wait("document.querySelectorAll('.reply').length === 1")
    assert page.all(".question p") == ["What will the weather be?"]


def test_what_is_said_is_text_and_never_runs(page):
    from selenium.webdriver.common.keys import Keys

    page.type(ATTACK, Keys.ENTER)
    page.wait_for_scores(2)
    page.driver.find_element("xpath", "//section//button[text()='Edit']").click()
    page.driver.switch_to.active_element.send_keys(Keys.CONTROL, "a")
    page.driver.switch_to.active_element.send_keys(ATTACK, Keys.ENTER)
    page.wait_for_scores(2)
    assert page.all(".question p") == [ATTACK]
    assert page.all(".said")[0] == ATTACK
    assert page.run("typeof window.ran") == "undefined"
    assert page.run("document.querySelectorAll('main img, main script').length") == 0


def test_a_reply_can_be_stopped_and_a_talk_begun_anew(page, served):
    from selenium.webdriver.common.keys import Keys

    for model in served.models.values():
        model._rows.stop_ids = frozenset()
    page.run("document.getElementById('max-tokens').value = 7000")
    page.type("Go on.", Keys.ENTER)
    page.wait("document.querySelector('.said').textContent.length > 5")
    page.type(Keys.ESCAPE)
    page.wait("document.querySelectorAll('.note').length === 2 && document.getElementById('stop').hidden")
    served.wait_until_idle()
    page.run("document.getElementById('anew').click()")
    assert page.all("#talk li") == []
    assert page.all("#samples button")


def test_another_character_is_met_with_a_talk_of_its_own(page):
    page.run(
        "(() => { const e = document.getElementById('character'); e.value = 'Desmond Clarke';"
        "e.dispatchEvent(new Event('change')); })()"
    )
    page.wait("document.querySelector('#about h2').textContent === 'Desmond Clarke'")
    assert "Birmingham" in page.all("#profile dd")
    assert "Desmond Clarke" in page.all("#prompt pre")[0]
    assert page.run("document.title") == "Desmond Clarke · raiden"


def test_the_page_fits_a_phone(page):
    from selenium.webdriver.common.keys import Keys

    page.open(390)
    page.type("Who taught you all those bell codes? " + "x" * 200, Keys.ENTER)
    page.wait_for_scores(2)
    assert page.run("document.documentElement.scrollWidth") == 390
    lefts = page.run("[...document.querySelectorAll('.reply')].map((e) => e.getBoundingClientRect().left)")
    assert lefts[0] == lefts[1]  # one below the other
    page.run("document.querySelector('#settings summary').click()")
    assert page.run("document.querySelector('#settings > div').getBoundingClientRect().left") >= 0
    assert page.run("document.documentElement.scrollWidth") == 390
    too_small = "[...document.querySelectorAll('button')].filter((e) => e.offsetHeight && e.offsetHeight < 24).length"
    assert page.run(too_small) == 0
