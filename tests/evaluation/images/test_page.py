import re


def test_the_page_shows_what_it_says(written):
    page = (written[0] / "report.html").read_text()
    headings = re.findall(r"<h2>([^<]+)</h2>", page)
    assert headings == [
        "What is taken for what",
        "The worst mistakes",
        "Class by class",
        "Against the baselines",
        "Training",
        "What it computes",
        "Data",
        "How the numbers were measured",
        "How to repeat it",
    ]
    assert "&lt;noise&gt;" in page
    assert "<image" in page
    assert "Grad-CAM" in page
    assert len(re.findall(r'\bid="([^"]+)"', page)) == len(set(re.findall(r'\bid="([^"]+)"', page)))
