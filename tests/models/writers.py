"""Small models that write, with a tokenizer."""

import keras

from kit.models import ExtractiveSummarizer, SentenceRanker, SequenceToSequence, TextToText
from kit.tokenizers import WordPiece, train_bpe

TEXTS = ["Two dogs run. A cat sleeps!", "It's 5 o'clock.", "à bientôt", "a\nb c"]


def tokenizer() -> WordPiece:
    return WordPiece(train_bpe(TEXTS, 260), lower=False, plain=False, spaced=True)


def text_to_text(**how) -> TextToText:
    keras.utils.set_random_seed(0)
    tokens = tokenizer()
    model = SequenceToSequence(
        len(tokens.vocabulary), 8, heads=2, hidden=16, encoder_layers=1, decoder_layers=1
    )
    model.build()
    return TextToText(model, tokens, 20, 12, **how)


def sentence_chooser() -> ExtractiveSummarizer:
    keras.utils.set_random_seed(0)
    tokens = tokenizer()
    model = SentenceRanker(len(tokens.vocabulary), 8, heads=2, hidden=16, layers=1, sentences=6)
    model.build()
    return ExtractiveSummarizer(model, tokens, 6, 10)
