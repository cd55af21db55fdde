"""The TFDS builder "bccd".

Importing this module registers it; nothing is downloaded.

    import kit.data.bccd
    import tensorflow_datasets as tfds

    builder = tfds.builder("bccd", data_dir="somewhere")

Once prepared in a folder, `tfds.load` finds the data set there without the import.
"""

from kit.data.builtin import Bccd as Bccd
