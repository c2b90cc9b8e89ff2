"""The page in a real browser, opened as a file."""

from __future__ import annotations

import pytest

from tests.evaluation.html.pages import ATTACK, CURVES, after, before, evaluation, row, write_page

pytestmark = pytest.mark.browser


class Page:
    """What a reader of the page sees and does."""

    def __init__(self, driver, address):
        self.driver = driver
        self.address = address

    def open(self, view=""):
        self.driver.get("about:blank")  # a change after the # alone would not open it anew
        self.driver.get(f"{self.address}{view}")
        return self

    def run(self, script, *arguments):
        return self.driver.execute_script(f"return {script}", *arguments)

    def all(self, selector):
        """The texts of what is there."""
        return self.run("[...document.querySelectorAll(arguments[0])].map((e) => e.textContent)", selector)

    def choose(self, facet, value):
        self.run(
            "(([id, value]) => { const e = document.getElementById(id); e.value = value; "
            "e.dispatchEvent(new Event('change')); })(arguments)",
            f"by-{facet}",
            value,
        )

    def write(self, text):
        """Types into the search field, and waits for the filter, which waits for the last letter."""
        self.driver.find_element("id", "by-text").send_keys(text)
        self.driver.execute_async_script("setTimeout(arguments[0], 300)")

    @property
    def characters(self):
        """Whom the samples that are shown are about."""
        return self.all("#list article h3")

    @property
    def count(self):
        return self.run("document.getElementById('count').textContent")

    @property
    def view(self):
        return self.run("decodeURIComponent(location.hash)")

    @property
    def width(self):
        return self.run("document.documentElement.scrollWidth")


@pytest.fixture(scope="module")
def page(chromium, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    return Page(chromium, write_page(path, before(), after(), curves=CURVES))


@pytest.fixture(scope="module")
def long_page(chromium, tmp_path_factory):
    rows = [row(f"en{i}", f"Hull, {i}.", True, "Hull", character_name=f"Edith {i:02}") for i in range(45)]
    return Page(chromium, write_page(tmp_path_factory.mktemp("page") / "long.html", evaluation("m", rows)))


def test_the_page_opens_without_a_complaint_and_loads_nothing(page):
    page.driver.get_log("browser")  # those of other tests
    page.open()
    assert page.characters == ["Edith", "林若水", "みどり", "서연"]
    assert page.driver.get_log("browser") == []
    assert page.run("performance.getEntriesByType('resource').length") == 0


def test_no_fact_that_is_missing_shows_up_as_a_word(page, long_page):
    for each in (page, long_page):
        text = each.open().run("document.querySelector('main').textContent")
        assert not [word for word in ("undefined", "null", "NaN", "[object") if word in text]


def test_what_a_reply_says_is_text_and_never_runs(page):
    page.open("#q=en1")
    assert page.all("#list article blockquote")[0] == ATTACK
    assert page.run("typeof window.ran") == "undefined"
    assert page.run("document.querySelectorAll('article img, article script').length") == 0
    with pytest.raises(Exception, match="no such alert"):
        _ = page.driver.switch_to.alert.text


def test_matched_words_are_marked_where_they_stand(page):
    page.open("#q=en1")
    assert page.all("#list article mark") == ["Hull"]
    assert page.all("#list article blockquote")[1] == "🦊🦊 In Hull!"


def test_filters_change_what_is_shown_and_the_counts_follow(page):
    page.open()
    page.choose("verdict", "got right")
    assert page.characters == ["Edith", "林若水", "서연"]
    assert page.all("#by-language option") == ["all (3)", "zh (1)", "ja (0)", "en (1)", "ko (1)"]
    page.choose("focus", "sbk")
    assert page.characters == ["Edith", "林若水"]
    expected = "before: 0 of 2 replies right (0.0 %) · after: 2 of 2 replies right (100.0 %)"
    assert page.count == f"2 of 4 samples · {expected}"
    page.driver.find_element("xpath", "//button[text()='Show all']").click()
    assert len(page.characters) == 4


@pytest.mark.parametrize(
    ("verdict", "characters"),
    [
        ("right", ["Edith", "林若水"]),
        ("wrong", ["みどり"]),
        ("partly right", ["서연"]),
        ("got right", ["Edith", "林若水", "서연"]),
        ("got wrong", ["みどり"]),
    ],
)
def test_a_verdict_is_about_the_second_model_and_the_change(page, verdict, characters):
    page.open(f"#verdict={verdict}")
    assert page.characters == characters


@pytest.mark.parametrize(
    ("text", "characters"),
    [
        ("hull!", ["Edith"]),
        ("ＨＵＬＬ！", ["Edith"]),  # full width
        ("강릉에서 왔", ["서연"]),  # in the conversation
        ("苏州", ["林若水"]),
        ("no such thing", []),
    ],
)
def test_the_search_finds_text_in_four_languages(page, text, characters):
    page.open()
    page.write(text)
    assert page.characters == characters


def test_the_address_keeps_the_view(page):
    page.open()
    page.choose("language", "ja")
    page.choose("verdict", "got wrong")
    page.write("さあ")
    view = page.view
    assert view == "#language=ja&verdict=got+wrong&q=さあ"
    page.open(view)
    assert page.characters == ["みどり"]
    assert page.run("['by-language', 'by-verdict', 'by-text'].map((id) => document.getElementById(id).value)") == [
        "ja",
        "got wrong",
        "さあ",
    ]


def test_what_was_typed_is_not_lost_to_a_quick_choice(page):
    page.open()
    page.driver.find_element("id", "by-text").send_keys("hull")
    page.choose("verdict", "right")
    assert (page.characters, page.view) == (["Edith"], "#q=hull&verdict=right")


def test_the_name_of_a_figure_filters_the_samples(page):
    page.open()
    page.run("[...document.querySelectorAll('tbody a')].find((e) => e.textContent === 'language: zh').click()")
    page.driver.execute_async_script("setTimeout(arguments[0], 50)")
    assert page.characters == ["林若水"]
    assert page.view == "#focus=sbk&language=zh"


@pytest.mark.parametrize(
    ("line", "characters"),
    [("language: zh", ["林若水"]), ("✗ refusedsays nothing of it", ["みどり", "서연"])],
)
def test_a_line_of_a_table_leads_to_its_samples_wherever_it_is_clicked(page, line, characters):
    page.open()
    page.run(
        "[...document.querySelectorAll('tbody tr')].find((e) => e.cells[0].textContent.replace(/ /g, '') === "
        "arguments[0].replace(/ /g, '')).cells[1].click()",
        line,
    )
    assert page.characters == characters
    assert page.run("document.activeElement.id") == "samples-title"
    top = page.run("document.getElementById('samples').getBoundingClientRect().top")
    assert 0 <= top < 100 or page.run("scrollY + innerHeight >= document.documentElement.scrollHeight - 1")


@pytest.mark.parametrize("width", [1280, 390])
def test_the_first_screens_say_why_and_nothing_is_cut(page, width):
    device = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 800}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", device)
    try:
        page.open()
        top = page.run("document.querySelector('blockquote').getBoundingClientRect().top")
        right = page.run(
            "Math.max(...[...document.querySelectorAll('td')].map((e) => e.getBoundingClientRect().right))"
        )
        assert top < (800 if width > 800 else 1600)
        assert right <= width
    finally:
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert page.all("#why article h3") == ["Edith", "みどり", "林若水"]  # got right, got wrong, got right
    table = page.all("#why .reasons")[0]
    assert "✗ refused says nothing of it32" in table  # before 3, after 2


@pytest.mark.parametrize("view", ["#language=xx", "#page=99&q=en", "#page=-1", "#__proto__=1&%", "#samples"])
def test_an_address_that_says_nonsense_breaks_nothing(page, view):
    page.driver.get_log("browser")
    page.open(view)
    assert page.count
    assert page.driver.get_log("browser") == []


def test_long_lists_come_in_pages(long_page):
    long_page.open()
    assert (len(long_page.characters), long_page.all("#pages span")) == (20, ["page 1 of 3"])
    long_page.driver.find_element("css selector", "[aria-label='last page']").click()
    assert long_page.characters == [f"Edith {i}" for i in range(40, 45)]
    assert long_page.view == "#page=3"
    assert long_page.run("document.activeElement.id") == "samples-title"
    long_page.choose("character", "Edith 07")
    assert long_page.characters == ["Edith 07"]


def test_all_that_the_filters_leave_is_printed(long_page):
    long_page.open("#q=Hull")
    long_page.run(
        "addEventListener('beforeprint', () => (window.printed = document.querySelectorAll('#list article').length))"
    )
    long_page.driver.execute_cdp_cmd("Page.printToPDF", {})
    assert long_page.run("window.printed") == 45
    assert len(long_page.characters) == 20


def test_a_phone_needs_no_sideways_scrolling(chromium, tmp_path):
    endless = "Llanfairpwllgwyngyll" * 20
    rows = [row("en1", endless, True, "Llan", question=endless, character_name=endless, profile={endless: endless})]
    page = Page(chromium, write_page(tmp_path / "p.html", *(evaluation(f"{endless}{i}", rows) for i in (1, 2))))
    device = {"width": 380, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", device)
    try:
        page.open()
        page.run("document.querySelectorAll('details').forEach((fold) => (fold.open = true))")
        assert page.width <= 380
    finally:
        chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_page_is_dark_where_the_reader_wants_it(page):
    brightness = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
    feature = "prefers-color-scheme"
    try:
        for value in ("light", "dark"):
            media = {"features": [{"name": feature, "value": value}]}
            page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
            assert (max(page.open().run(brightness)) < 60) == (value == "dark")
    finally:
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_curves_tell_their_values_to_pointer_and_keys(page):
    page.open()
    assert page.all("figcaption") == ["SBKright replies", "Gradient norm"]
    assert page.all(".readout")[0] == "step 10training 75.0 %held out 62.5 %"
    drawing = page.driver.find_element("css selector", "figure svg")
    drawing.send_keys("\ue012")  # left arrow
    assert page.all(".readout")[0] == "step 5training 50.0 %"
    assert drawing.get_attribute("aria-valuetext") == "step 5, training 50.0 %"
    page.run(
        "arguments[0].dispatchEvent(new PointerEvent('pointermove', "
        "{ clientX: arguments[0].getBoundingClientRect().left + 1 }))",
        drawing,
    )
    assert page.all(".readout")[0] == "step 0training 25.0 %held out 12.5 %"


def test_a_curve_is_broken_where_there_is_no_number(page):
    page.open()
    [path] = page.run(
        "[...document.querySelectorAll('figure')[1].querySelectorAll('path.curve')].map((e) => e.getAttribute('d'))"
    )
    assert path.count("M") == 2


def test_curves_that_matter_less_are_folded_away(page):
    page.open()
    assert page.all("#curves summary") == ["1 more curve"]
    page.driver.find_element("css selector", "#curves summary").click()
    page.driver.execute_async_script("setTimeout(arguments[0], 50)")
    assert page.all("figcaption")[2:] == ["sync/seconds"]
    assert page.all(".readout")[2] == "step 1value 0.5"


def test_a_text_written_from_the_right_turns_nothing_around_it(chromium, tmp_path):
    arabic = row("ar", "وُلدت في هال.", False, character_name="ليلى")
    page = Page(chromium, write_page(tmp_path / "p.html", evaluation("m", [arabic]))).open()
    direction = "getComputedStyle(document.querySelector(arguments[0])).direction"
    parts = ("#list article h3", "blockquote", ".reference span", "article", ".question")
    assert [page.run(direction, part) for part in parts] == ["rtl", "rtl", "ltr", "ltr", "ltr"]


def test_there_is_no_filter_for_what_is_not_known_of_any_question(chromium, tmp_path):
    names = ("Edith", "Maud")
    untold = [row(name, "", False, question_type="", difficulty="", character_name=name) for name in names]
    page = Page(chromium, write_page(tmp_path / "p.html", evaluation("m", untold))).open()
    assert page.all("#filters label") == ["Characterall (2)Edith (1)Maud (1)", page.all("#filters .wide")[0]]
    assert page.all("#list article .tag") == ["SBK", "en"] * 2


def test_every_control_has_a_name(page):
    page.open()
    unnamed = page.run("[...document.querySelectorAll('select, input')].filter((e) => !e.labels.length).length")
    assert unnamed == 0
    assert page.all("h1, h2") == ["Before and after", "Result", "Why", "Curves of the run", "All figures", "Samples"]
    page.run("document.querySelector('.skip').click()")
    assert page.run("document.activeElement.id") == "samples-title"
    assert page.view == ""
