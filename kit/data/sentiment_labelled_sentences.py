"""The TFDS builder "sentiment_labelled_sentences".

Importing this module registers it; nothing is downloaded.

    import kit.data.sentiment_labelled_sentences
    import tensorflow_datasets as tfds

    builder = tfds.builder("sentiment_labelled_sentences", data_dir="somewhere")

Once prepared in a folder, `tfds.load` finds the data set there without the import.
"""

from kit.data.builtin import SentimentLabelledSentences as SentimentLabelledSentences
