import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from kit.evaluation.pairs._tf_idf import TfIdf

TEXTS = ["the cat sat on the mat", "a dog, a Cat", "nothing here", "dogs run", ""]


def test_it_is_what_scikit_learn_computes():
    peer = TfidfVectorizer(token_pattern=r"\w+", sublinear_tf=True)
    expected = peer.fit_transform(TEXTS)
    np.testing.assert_allclose(TfIdf(TEXTS).vectors(TEXTS).toarray(), expected.toarray())
