"""Small models that write, with a tokenizer."""

import keras

from kit.models import SentenceChooser, SentenceScorer, SequenceToSequence, TextToText
from kit.tokenizers import WordPiece, merged_vocabulary

TEXTS = ["Two dogs run. A cat sleeps!", "It's 5 o'clock.", "à bientôt", "a\nb c"]


def tokenizer() -> WordPiece:
    return WordPiece(merged_vocabulary(TEXTS, 260), lower=False, plain=False, spaced=True)


def text_to_text(**how) -> TextToText:
    keras.utils.set_random_seed(0)
    tokens = tokenizer()
    model = SequenceToSequence(
        len(tokens.vocabulary), 8, heads=2, hidden=16, encoder_layers=1, decoder_layers=1
    )
    model.build()
    return TextToText(model, tokens, 20, 12, **how)


def sentence_chooser() -> SentenceChooser:
    keras.utils.set_random_seed(0)
    tokens = tokenizer()
    model = SentenceScorer(len(tokens.vocabulary), 8, heads=2, hidden=16, layers=1, sentences=6)
    model.build()
    return SentenceChooser(model, tokens, 6, 10)
