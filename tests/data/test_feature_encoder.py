import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.data import FeatureEncoder
from kit.data._feature_encoder import MOST_TOKENS


def fitted(**columns) -> FeatureEncoder:
    table = table_of(**columns)
    encoder = FeatureEncoder.fit(table, key="item_id")
    assert encoder is not None
    return encoder


def table_of(**columns) -> pl.DataFrame:
    rows = len(next(iter(columns.values())))
    return pl.DataFrame({"item_id": [f"i{n}" for n in range(rows)], **columns})


def words(encoder: FeatureEncoder, row) -> list[str]:
    return [encoder.vocabulary[code - 1] for code in row if code]


def test_words_are_lower_case_and_told_apart_by_column():
    table = table_of(title=["Red CUP, red!", "Čaj-cup 3"], colour=["red", "red"])
    encoder = fitted(title=["Red CUP, red!", "Čaj-cup 3"], colour=["red", "red"])
    assert set(encoder.vocabulary) == {"title=cup", "colour=red"}
    encoded = encoder.encode(table)
    assert words(encoder, encoded.tokens[0]) == ["title=cup", "colour=red"]
    assert encoded.vocabulary_size == 3
    assert encoded.tokens.dtype == np.int32


def test_a_word_counts_once_a_row_and_needs_two_rows():
    encoder = fitted(title=["red red red", "blue", "blue green"])
    assert encoder.vocabulary == ("title=blue",)


def test_frequent_words_have_small_codes_ties_go_by_the_alphabet():
    encoder = fitted(title=["b a c", "c b a", "c"])
    assert encoder.vocabulary == ("title=c", "title=a", "title=b")


def test_categories_and_booleans_are_words():
    encoder = fitted(
        kind=pl.Series(["cup", "cup", "plate"], dtype=pl.Categorical), new=[True, False, True]
    )
    assert set(encoder.vocabulary) == {"kind=cup", "new=true"}


def test_unknown_words_and_nulls_are_left_out():
    encoder = fitted(title=["red cup", "red cup"])
    encoded = encoder.encode(table_of(title=["green CUP", None, ""]))
    assert [words(encoder, row) for row in encoded.tokens] == [["title=cup"], [], []]


def test_the_first_words_of_a_long_text_are_kept():
    text = " ".join(f"w{n:02d}" for n in range(40))
    encoder = fitted(title=[text, text, "w39"])
    encoded = encoder.encode(table_of(title=[text]))
    assert encoder.most_tokens == MOST_TOKENS == encoded.tokens.shape[1]
    assert words(encoder, encoded.tokens[0]) == [f"title=w{n:02d}" for n in range(MOST_TOKENS)]


def test_numbers_are_standardised_by_what_was_fitted():
    encoder = fitted(price=[1.0, 2.0, 3.0], stock=[5, 5, 5])
    assert [name for name, *_ in encoder.numbers] == ["price"]
    encoded = encoder.encode(table_of(price=[2.0, 3.0, None, 1e9], stock=[1, 2, 3, 4]))
    assert encoded.numbers.ravel().tolist() == [0.0, 1.0, 0.0, 5.0]
    assert encoded.numbers.dtype == np.float32
    assert encoded.tokens.tolist() == [[0]] * 4


def test_what_is_not_a_finite_number_is_missing():
    encoder = fitted(price=[1.0, float("nan"), 2.0, float("inf"), 3.0])
    assert encoder.numbers == (("price", 2.0, 1.0),)
    encoded = encoder.encode(table_of(price=[float("nan"), float("-inf"), 3.0]))
    assert encoded.numbers.ravel().tolist() == [0.0, 0.0, 1.0]


@pytest.mark.parametrize(
    "columns",
    [
        {"title": ["all", "words", "differ"]},
        {"stock": [5, 5, 5]},
        {"nothing": [None, None, None]},
        {"price": [float("nan")] * 3},
        {"text": ["", "...", None]},
    ],
)
def test_a_table_without_a_usable_column_has_no_encoder(columns):
    assert FeatureEncoder.fit(table_of(**columns), key="item_id") is None
    assert FeatureEncoder.fit(table_of(**columns).select("item_id"), key="item_id") is None


def test_the_key_is_no_feature():
    table = pl.DataFrame({"item_id": ["same word", "same word"], "price": [1, 2]})
    encoder = FeatureEncoder.fit(table, key="item_id")
    assert encoder is not None
    assert encoder.vocabulary == ()


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.none() | st.text(alphabet="ab Č1'-", max_size=12),
            st.none() | st.floats(width=32),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_any_table_gives_codes_of_the_vocabulary_and_finite_numbers(rows):
    table = table_of(
        title=pl.Series([row[0] for row in rows], dtype=pl.String),
        price=pl.Series([row[1] for row in rows], dtype=pl.Float64),
    )
    encoder = FeatureEncoder.fit(table, key="item_id")
    if encoder is None:
        return
    encoded = encoder.encode(table)
    assert len(encoded.tokens) == len(encoded.numbers) == len(rows)
    assert encoded.tokens.min() >= 0
    assert encoded.tokens.max() < encoded.vocabulary_size
    for row, (title, _) in zip(encoded.tokens, rows, strict=True):
        found = words(encoder, row)
        assert len(set(found)) == len(found)
        assert {word.removeprefix("title=") for word in found} <= set(
            "".join(c if c.isalnum() else " " for c in (title or "").lower()).split()
        )
    assert np.isfinite(encoded.numbers).all()
    assert np.abs(encoded.numbers).max(initial=0) <= 5


def test_entries_of_a_vector_keep_their_proportions():
    random = np.random.default_rng(0)
    vectors = random.normal(size=(200, 3)) * [2.0, 1.0, 0.1] + 5
    table = pl.DataFrame(
        {
            "item_id": [str(row) for row in range(200)],
            **{f"about[{place}]": vectors[:, place] for place in range(3)},
            "price": random.normal(size=200),
        }
    )
    encoded = FeatureEncoder.fit(table, key="item_id").encode(table)
    # They come last.
    assert encoded.entries == 3
    numbers = encoded.numbers
    assert numbers[:, 0].std() == pytest.approx(1, abs=0.01)
    deviations = numbers[:, 1:].std(axis=0)
    assert deviations[0] / deviations[2] == pytest.approx(20, rel=0.2)
    # However long it is, it counts no more than one other number.
    assert np.square(numbers[:, 1:]).sum(axis=1).mean() == pytest.approx(1, abs=0.05)


def test_a_unit_in_brackets_makes_no_entry_of_a_vector():
    table = pl.DataFrame({"item_id": ["a", "b"], "size[cm]": [1.0, 3.0], "[x]": [2.0, 0.0]})
    encoder = FeatureEncoder.fit(table, key="item_id")
    assert encoder.encode(table).entries == 0
    assert [name for name, _, _ in encoder.numbers] == ["size[cm]", "[x]"]
