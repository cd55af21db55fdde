"""The TFDS builder "fashion_mnist_part".

Importing this module registers it; nothing is downloaded.

    import kit.data.fashion_mnist_part
    import tensorflow_datasets as tfds

    builder = tfds.builder("fashion_mnist_part", data_dir="somewhere")

Once prepared in a folder, `tfds.load` finds the data set there without the import.
"""

from kit.data.builtin import FashionMnistPart as FashionMnistPart
