import warnings

import numpy as np
import pytest
from click.testing import CliRunner

from kit.cli import main
from kit.exports import LoadedExport
from tests.exporting.parts import passing
from tests.exports.painter import Colours, paint, save_encoder

COLOURS = "red", "blue"


def run(line):
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        result = CliRunner().invoke(main, line.split())
    assert result.exit_code == 0, result.output
    return result


# Cheaper tests of the same: index --add (tests/cli), columns of contents (tests/exports).
@pytest.mark.slow
@pytest.mark.parametrize(
    ("recipe", "options"),
    [
        ("two-tower", "--item-image photo --image-encoder {encoder} --epochs 30"),
        ("two-tower", "--item-image photo --epochs 30"),
        (
            "sequential",
            "--item-text about --encoder gru --layers 1 --epochs 20 --learning-rate 0.01",
        ),
    ],
    ids=["encoder", "learned image", "learned text"],
)
def test_an_item_nobody_has_finds_its_people(tmp_path, monkeypatch, recipe, options):
    """Half of the people take what is red, half what is blue; an item of either comes later.

    Its image or its text is all that is known of it.
    """
    monkeypatch.setattr("kit.exports.verify", passing)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    encoder = save_encoder(Colours(), tmp_path / "colours")
    random = np.random.default_rng(0)
    photos = {}
    for item in range(40):
        strong, weak = (int(x) for x in random.integers((180, 0), (255, 60)))
        colour = (weak, 0, strong) if item % 2 else (strong, 0, weak)
        photos[f"i{item}"] = paint(tmp_path / "photos" / f"{item}.png", colour)
    rows = [
        f"u{user},i{item},{place}"
        for user in range(60)
        for place, item in enumerate(random.choice(np.arange(user % 2, 40, 2), 9, replace=False))
    ]
    (tmp_path / "log.csv").write_text("\n".join(["user_id,item_id,time", *rows]))
    is_image = "photo" in options
    table = [
        f"{item},photos/{file.name}" if is_image else f"{item},a {COLOURS[n % 2]} thing no {n}"
        for n, (item, file) in enumerate(photos.items())
    ]
    head = "item_id,photo" if is_image else "item_id,about"
    (tmp_path / "items.csv").write_text("\n".join([head, *table]))
    places = f"--output {tmp_path / 'model'} --report {tmp_path / 'report'}"
    run(
        f"train {recipe} --data {tmp_path / 'log.csv'} --items {tmp_path / 'items.csv'} "
        f"--split leave-one-out {options.format(encoder=encoder)} --dim 8 --quiet {places}"
    )
    paint(tmp_path / "photos" / "new-red.png", (220, 0, 20))
    paint(tmp_path / "photos" / "new-blue.png", (20, 0, 220))
    new = [
        f"{name},photos/new-{name}.png" if is_image else f"{name},some {name} thing"
        for name in COLOURS
    ]
    (tmp_path / "new.csv").write_text("\n".join([head, *new]))
    run(f"index {tmp_path / 'model'} --add {tmp_path / 'new.csv'}")
    model = LoadedExport(tmp_path / "model" / "2")
    right = 0
    for user in range(20):
        items = [line.item_id for line in model.recommend(f"u{user}", 42)[0]]
        first, second = COLOURS[user % 2], COLOURS[1 - user % 2]
        right += items.index(first) < items.index(second)
    assert right >= 18
    # And whoever has taken nothing but it is known by it.
    for item, colour in enumerate(COLOURS):
        best = [
            int(line.item_id[1:])
            for line in model.from_history([colour], 10)
            if line.item_id not in COLOURS
        ]
        assert sum(number % 2 == item for number in best) >= 0.8 * len(best)
