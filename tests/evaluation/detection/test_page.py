import json
import re

from kit.evaluation.detection import detection_report
from tests.evaluation.detection.cells import report


def test_the_page_tells_it_all_and_needs_nothing_else(tmp_path):
    made = detection_report(report())
    made.save(tmp_path)
    facts = made.facts
    assert json.loads((tmp_path / "metrics.json").read_text()) == facts
    page = (tmp_path / "report.html").read_text()
    text = re.sub(r"<[^>]+>", " ", page)
    for words in (
        ".5000 mAP50 on test",
        "it finds 6 of 12 objects; of the boxes it says 100% are right",
        "0 are false alarms",
        "1 boxes dropped: a.xml",
        "Precision and recall",
        "kit train object-detection --data cells",
    ):
        assert words in re.sub(r"\s+", " ", text), words
    assert page.count("data:image/jpeg;base64,") == 6
    assert not re.search(r'(src|href)="https?:', page)
    assert (tmp_path / "history.csv").read_text().startswith("epoch,loss")
