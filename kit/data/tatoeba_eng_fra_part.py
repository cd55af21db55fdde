"""The TFDS builder "tatoeba_eng_fra_part".

Importing this module registers it; nothing is downloaded.

    import kit.data.tatoeba_eng_fra_part
    import tensorflow_datasets as tfds

    builder = tfds.builder("tatoeba_eng_fra_part", data_dir="somewhere")

Once prepared in a folder, `tfds.load` finds the data set there without the import.
"""

from kit.data.builtin import TatoebaEngFraPart as TatoebaEngFraPart
