from types import SimpleNamespace

import keras
import numpy as np
import pytest

from kit.errors import UserError
from kit.models.pretrained import preset_byte_pairs


def tokenizer(**pieces):
    vocabulary = {"<s>": 0, "<pad>": 1, "</s>": 2, **pieces}
    marks = {"start_token_id": 0, "pad_token_id": 1, "end_token_id": 2}
    return SimpleNamespace(vocabulary=vocabulary, merges=["#version: 0.2", "a b"], **marks)


def table(size):
    layer = keras.layers.Embedding(size, 1)
    layer.build(None)
    layer.embeddings.assign(np.arange(size, dtype=np.float32)[:, None])
    return layer


def test_marks_come_first_with_their_rows():
    rows = table(8)
    found = preset_byte_pairs(tokenizer(a=3, b=4, ab=5, **{"<unk>": 6}), rows, "bart")
    assert found.vocabulary[:5] == ("<pad>", "<unk>", "<s>", "</s>", "a")
    assert rows.embeddings.numpy()[:, 0].tolist() == [1, 6, 0, 2, 3, 4, 5, 7]
    assert found.tokenize(["ab!"]).to_list() == [[6, 1]]
    assert found.merges == ("a b",)


def test_a_number_without_a_piece_stands_for_the_unknown():
    found = preset_byte_pairs(tokenizer(a=3, b=4, ab=6), table(7), "bart")
    assert found.vocabulary[1] == "[unused 5]"


def test_what_does_not_fit_is_refused():
    with pytest.raises(UserError, match="number 9, the backbone knows 7"):
        preset_byte_pairs(tokenizer(a=3, b=9), table(7), "bart")
    with pytest.raises(UserError, match="no <unk>"):
        preset_byte_pairs(tokenizer(a=3, b=4, ab=5), table(6), "bart")
