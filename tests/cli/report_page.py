"""The HTML page as a reader meets it, and whether its markup is sound."""
import html.parser
import json


class Page(html.parser.HTMLParser):
    """What a reader of the page sees: sections with their tiles and rows; and whether the markup is sound."""

    VOID = {"meta", "br", "img", "link", "input", "hr", "path", "rect"}
    KNOWN = set("""html head meta title style body header h1 h2 p dl dt dd div nav ul li a main section figure figcaption
        svg desc g path rect text details summary table caption thead tbody tr th td data span code""".split())

    def __init__(self, test):
        super().__init__()
        self.test = test
        self.stack = []
        self.sections = []
        self.headings = []
        self.ids = []
        self.links = []
        self.referred = []
        self.text = ""
        self.collected = None
        self.value = None
        self.none = False
        self.language = None
        self.pictures = []
        self.notes_on_rows = 0

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.handle_endtag(tag)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.test.assertIn(tag, self.KNOWN)
        self.test.assertEqual(len(attributes), len(attrs), "an attribute comes twice")
        for name in attributes:
            self.test.assertFalse(name.startswith("on") or name in ("src", "srcset", "action"), (tag, name))
        if tag not in self.VOID:
            self.stack.append(tag)
        if "id" in attributes:
            self.ids.append(attributes["id"])
        self.referred += attributes.get("aria-labelledby", "").split()
        self.notes_on_rows += attributes.get("class") == "more"
        if tag == "html":
            self.language = attributes.get("lang")
        elif tag == "a":
            self.links.append(attributes["href"])
        elif tag in ("h1", "h2"):
            self.headings.append(tag)
        elif tag == "section":
            self.sections.append({"id": attributes["id"], "tiles": [], "rows": [], "captions": 0})
        elif tag == "svg":
            self.test.assertEqual(attributes.get("role"), "img")
            self.pictures.append([])
        elif tag in ("title", "desc") and self.stack[-2:-1] == ["svg"]:
            self.pictures[-1].append(tag)
        elif tag == "caption":
            self.sections[-1]["captions"] += 1
        elif tag == "tr" and "tbody" in self.stack:
            self.sections[-1]["rows"].append([])
        elif tag == "th":
            self.test.assertEqual(attributes.get("scope"), "row" if "tbody" in self.stack else "col")
        elif tag == "data":
            self.value = json.loads(attributes["value"])
        if tag in ("td", "th", "dt", "dd"):
            self.collected, self.value, self.none = "", None, attributes.get("class") == "none"

    def handle_endtag(self, tag):
        self.test.assertEqual(self.stack.pop(), tag, "the markup is not nested")
        if tag in ("td", "th") and "tbody" in self.stack:
            text = None if self.none else self.collected
            self.sections[-1]["rows"][-1].append(text if self.value is None else self.value)
        elif tag == "dt" and self.sections:
            self.sections[-1]["tiles"].append([self.collected, None])
        elif tag == "dd" and self.sections:
            shown = None if self.collected == "\u2013" else self.collected
            self.sections[-1]["tiles"][-1][1] = shown if self.value is None else self.value

    def handle_data(self, data):
        self.text += data
        if self.collected is not None:
            self.collected += data


def check_page(test, text):
    """Parses a page and checks what every page has to keep."""
    page = Page(test)
    page.feed(text)
    page.close()
    test.assertTrue(text.startswith("<!DOCTYPE html>\n"))
    test.assertEqual(page.stack, [])
    test.assertEqual(page.language, "en")
    test.assertEqual(len(page.ids), len(set(page.ids)), "an id comes twice")
    test.assertLessEqual(set(page.referred), set(page.ids))
    test.assertLessEqual({link[1:] for link in page.links}, set(page.ids))
    test.assertTrue(all(link.startswith("#") for link in page.links), "a link leads out of the page")
    test.assertEqual(page.headings[0], "h1")
    test.assertEqual(set(page.headings[1:]), {"h2"})
    test.assertTrue(all(picture == ["title", "desc"] for picture in page.pictures))
    for section in page.sections:
        test.assertEqual(section["captions"], 1 if section["rows"] else 0)
    for outside in ("http:", "https:", "url(", "@import", "<script", "javascript:"):
        test.assertNotIn(outside, text)
    for promise in ("prefers-color-scheme:dark", "@media print", "default-src 'none'", "<dt>Period</dt>",
                    "<dt>Generated</dt>"):
        test.assertIn(promise, text)
    return page
