import click
from click.testing import CliRunner

from kit.console._backbone_options import backbone_options


def command():
    def main(backbone, tune, rank):
        click.echo(f"{backbone} {tune} {rank}")

    for option in backbone_options("BART", ["whole", "lora"], tune_help="all of it, or little"):
        main = option(main)
    return click.command(main)


def test_the_first_way_is_taken_if_none_is_given():
    assert CliRunner().invoke(command(), []).output == "None whole 8\n"
    answer = CliRunner().invoke(command(), ["--backbone", "x", "--tune", "lora", "--rank", "2"])
    assert answer.output == "x lora 2\n"


def test_other_ways_and_no_rank_are_refused():
    for words in (["--tune", "frozen"], ["--rank", "0"]):
        assert CliRunner().invoke(command(), words).exit_code == 2


def test_help_names_the_kind_and_the_extra():
    text = " ".join(CliRunner().invoke(command(), ["--help"]).output.split())
    assert "Fine-tune a pretrained BART of keras-nlp" in text
    assert "kit[pretrained]" in text
    assert "all of it, or little" in text
