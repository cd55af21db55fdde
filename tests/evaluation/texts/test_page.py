import re


def test_the_page_shows_what_it_says(written):
    page = (written[0] / "report.html").read_text()
    headings = re.findall(r"<h2>([^<]+)</h2>", page)
    assert headings == [
        "What is taken for what",
        "How sure, and how often right",
        "The worst mistakes",
        "Class by class",
        "Against the baselines",
        "Training",
        "Data",
        "How the numbers were measured",
        "How to repeat it",
    ]
    assert "&lt;noise&gt;" in page
    assert "<mark style" in page
    assert "\N{HORIZONTAL ELLIPSIS} " in page
    assert len(re.findall(r'\bid="([^"]+)"', page)) == len(set(re.findall(r'\bid="([^"]+)"', page)))
