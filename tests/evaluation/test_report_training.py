from kit.evaluation._report_training import training_section

ROWS = [{"epoch": 1, "loss": 2.0, "valid AUC": 0.6}, {"epoch": 2, "loss": 1.0}]


def test_the_section_shows_the_loss_and_the_metric():
    section = training_section(ROWS, "valid AUC")
    assert "AUC on valid" in section
    assert "where AUC falls behind it" in section


def test_without_anything_to_show_there_is_no_section():
    assert training_section([], "valid AUC") == ""
    assert training_section([{"epoch": 1}], None) == ""
    assert "dashed" not in training_section(ROWS, None)
