"""A classifier of texts that was not trained, and its data."""

import numpy as np

from kit.data.texts import TextSource, split_texts
from kit.models import TextClassifier, TextEncoder
from kit.tokenizers import Bytes, WordPiece, train_wordpiece

WORDS = ("so", "good", "bad", "and", "tea", "unlikely", "newer")


def untrained(classes=3, tokenizer="wordpiece", kind="lstm"):
    """Texts of a few words in classes a, b, c ..., a tokenizer and a model for them."""
    rng = np.random.default_rng(0)
    labels = [chr(ord("a") + n % classes) for n in range(20 * classes)]
    texts = [" ".join(rng.choice(WORDS, rng.integers(2, 9))) + f" {n}" for n in range(len(labels))]
    names = [f"row {n}" for n in range(len(labels))]
    data = split_texts(TextSource("noise", texts, names, labels, None, ""))
    tokens = Bytes() if tokenizer == "bytes" else WordPiece(train_wordpiece(texts, 60))
    model = TextClassifier(TextEncoder(tokens.size, kind, dim=8, heads=2), classes)
    model(np.array([[2, 5, 3]], np.int32))
    return data, tokens, model
