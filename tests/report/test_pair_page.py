from tests.report.test_text2text import written  # noqa: F401  (a fixture)


def test_the_page_has_its_sections_in_order(written):  # noqa: F811
    page = (written[0] / "report.html").read_text()
    headings = [
        "What it writes",
        "Against the baselines",
        "Training",
        "Data",
        "How the numbers were measured",
        "How to repeat it",
    ]
    places = [page.index(f"<h2>{heading}</h2>") for heading in headings]
    assert places == sorted(places)
    assert "significant" in page
    assert "Licence and attribution" in page
