"""ROUGE and BLEU of texts in any script."""

# ruff: noqa: RUF001

import random

import pytest
from rouge_score.tokenizers import DefaultTokenizer
from sacrebleu.metrics import BLEU

from kit.data.text2text import Text2TextSource, split_text2text
from kit.errors import UserError
from kit.evaluation import (
    RougeTokenizer,
    Summaries,
    Translations,
    bleu_tokenizer,
    sentence_scores,
    summary_baselines,
    translation_baselines,
)

SENTENCES = {
    "Russian": "Собака спала под старым столом.",
    "Greek": "Ο σκύλος κοιμάται κάτω από το τραπέζι.",
    "Arabic": "ينام الكلب تحت الطاولة القديمة.",
    "Hebrew": "הכלב ישן מתחת לשולחן הישן.",
    "Persian": "کتاب‌ها روی میز کهنه هستند.",
    "Hindi": "कुत्ता पुरानी मेज़ के नीचे सोता है।",
    "Tamil": "நாய் பழைய மேசையின் கீழ் தூங்குகிறது.",
    "Korean": "개가 낡은 탁자 아래에서 잔다.",
    "Chinese": "狗在旧桌子下面睡觉。",
    "Japanese": "犬は古いテーブルの下で寝ている。",
    "Thai": "สุนัขนอนอยู่ใต้โต๊ะเก่า",
    "Lao": "ໝານອນຢູ່ກ້ອງໂຕະເກົ່າ",
    "Khmer": "ឆ្កែដេកនៅក្រោមតុចាស់",
    "Burmese": "ခွေးသည် စားပွဲဟောင်းအောက်တွင် အိပ်သည်။",
    "Amharic": "ውሻው ከአሮጌው ጠረጴዛ ስር ተኝቷል።",
    "Georgian": "ძაღლს ძველი მაგიდის ქვეშ სძინავს.",
    "German": "Der Hund schläft unter dem äußersten Tisch.",
    "Vietnamese": "Con chó ngủ dưới gầm bàn cũ.",
}


@pytest.mark.parametrize("language", SENTENCES)
def test_identical_text_is_1_in_every_script(language):
    text = SENTENCES[language]
    found = Summaries([text], [[text]]).summary()
    assert [found[name] for name in ("ROUGE-1", "ROUGE-2", "ROUGE-L")] == [1, 1, 1]
    other = SENTENCES["Amharic" if language != "Amharic" else "Russian"]
    assert Summaries([other], [[text]]).summary()["ROUGE-1"] == 0


@pytest.mark.parametrize(
    ("one", "other", "score"),
    [
        ("Gärten", "Gorten", 0),
        ("Gärten", "Görten", 0),
        ("garçon", "garcon", 0),
        ("кот", "кит", 0),
        ("été", "e\u0301te\u0301", 1),  # composed and decomposed
        ("ｈｅｌｌｏ", "hello", 1),  # full width
        ("co\u00adoperate", "cooperate", 1),  # soft hyphen
        ("ΣΟΦΟΣ", "σοφος", 1),
        ("北京", "北海", 0.5),
        ("पानी", "पाना", 0),
    ],
)
def test_other_letters_are_other_words(one, other, score):
    assert Summaries([one], [[other]]).summary()["ROUGE-1"] == score


def test_ascii_has_the_tokens_of_the_default_tokenizer():
    default, ours, draw = DefaultTokenizer(use_stemmer=True), RougeTokenizer(), random.Random(3)
    for _ in range(500):
        text = "".join(draw.choice("abcdefgings  ed_A9-'.,\n") for _ in range(40))
        assert ours.tokenize(text) == default.tokenize(text)
    # Words of ASCII have them among others, too.
    assert ours.tokenize("modelling naïve models") == ["model", "naïve", "model"]


def test_the_oracle_of_another_script_finds_the_sentence():
    texts = [f"Погода номер {n}. Врачи нашли лекарство {n}. Дорога длинная." for n in range(40)]
    summaries = [f"Врачи нашли лекарство {n}." for n in range(40)]
    data = split_text2text(Text2TextSource("some", texts, summaries, None, ("text", "summary"), ""))
    assert summary_baselines(data)["best sentence (oracle)"].summary()["ROUGE-1"] > 0.9
    targets = sentence_scores(data.train, 3)
    assert (targets.argmax(axis=1) == 1).all()


@pytest.mark.parametrize("text", ["!!! ...", "❤️", "—"])
def test_references_without_a_word_are_refused_or_counted(text):
    with pytest.raises(UserError, match="No reference has a word"):
        Summaries(["a", "b"], [[text], [text]])
    found = Summaries(["a", "b"], [[text], ["b"]])
    assert "1 texts with references without words count as 0" in found.implementation
    assert found.of_texts.tolist() == [0, 1]


def test_the_protocol_names_the_tokenizer():
    found = Summaries(["a"], [["a"]])
    assert RougeTokenizer.NAME in found.implementation
    assert not found.warnings()


CHINESE = ["我昨天在学校看了一部很长的电影。", "她明天要坐火车去上海开会。"]
HEARD = ["我昨天在学校看了一本很长的小说。", "她后天要坐火车去上海开会。"]


@pytest.mark.parametrize("language", ["zh", "zh-CN", "zh_Hant", "cmn", "Chinese", "target", ""])
def test_chinese_is_counted_by_the_character(language):
    references = [[text] for text in CHINESE]
    tokenizer = bleu_tokenizer(references, language=language)
    found = Translations(HEARD, references, tokenizer)
    expected = BLEU(tokenize="zh").corpus_score(HEARD, [CHINESE]).score
    assert found.summary()["BLEU"] == pytest.approx(expected) == pytest.approx(71.7017, abs=1e-4)
    assert "tok:zh" in found.implementation
    assert Translations(HEARD, references).summary() == found.summary()


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("Japanese", {"char", "ja-mecab"}),
        ("Korean", {"char", "ko-mecab"}),
        ("Thai", {"char"}),
        ("Lao", {"char"}),
        ("Khmer", {"char"}),
        ("Burmese", {"char"}),
        ("Chinese", {"zh"}),
        ("Russian", {"13a"}),
        ("Hindi", {"13a"}),
        ("German", {"13a"}),
    ],
)
def test_the_language_or_the_script_tells_the_tokenizer(language, expected):
    text = [[SENTENCES[language]]]
    assert bleu_tokenizer(text) in expected
    assert bleu_tokenizer([["nothing"]], language=language) in expected
    assert Translations([SENTENCES[language]], text).summary()["BLEU"] == pytest.approx(100)


@pytest.mark.parametrize("language", ["th", "tha", "th-TH", "lo", "km", "my", "ja_JP", "jpn"])
def test_codes_of_languages_have_regions(language):
    assert bleu_tokenizer([["a b c"]], language=language) in {"char", "ja-mecab"}


@pytest.mark.parametrize("language", ["de", "en-US", "target", "my_summary", "the", ""])
def test_other_names_tell_nothing(language):
    assert bleu_tokenizer([["a plain text"]], language=language) == "13a"


def test_a_named_tokenizer_is_taken_and_one_token_a_sentence_is_said():
    references = [[text] for text in CHINESE]
    found = Translations(HEARD, references, "13a")
    assert "2 of 2 references are one token by the tokenizer 13a" in found.implementation
    assert found.card() == {"bleu_tokenizer": "13a"}
    with pytest.raises(ValueError, match="same tokenizer"):
        found.minus(Translations(HEARD, references))
    assert not Translations(HEARD, references).warnings()


def test_a_tokenizer_that_is_not_installed_is_said(monkeypatch):
    monkeypatch.setattr("kit.evaluation._metric_tokenizers.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"not installed(.|\n)*sacrebleu\[ja\]"):
        bleu_tokenizer([["a"]], named="ja-mecab")
    assert bleu_tokenizer([["a"]], language="ja") == "char"


def test_baselines_count_as_the_model_does():
    sources, targets = [f"text {n}" for n in range(40)], [f"{CHINESE[n % 2]}{n}" for n in range(40)]
    data = split_text2text(Text2TextSource("some", sources, targets, None, ("en", "zh"), ""))
    assert {x.bleu_tokenizer for x in translation_baselines(data).values()} == {"zh"}
    assert {x.bleu_tokenizer for x in translation_baselines(data, "char").values()} == {"char"}


@pytest.mark.parametrize("named", ["spm", "flores200", "words", ""])
def test_only_tokenizers_that_fetch_nothing_are_taken(named):
    with pytest.raises(UserError, match="Unknown tokenizer"):
        Translations(["a"], [["a"]], named).summary()
