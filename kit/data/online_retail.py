"""The TFDS builder "online_retail".

Importing this module registers it; nothing is downloaded.

    import kit.data.online_retail
    import tensorflow_datasets as tfds

    builder = tfds.builder("online_retail", data_dir="somewhere")

Once prepared in a folder, `tfds.load` finds the data set there without the import.
"""

from kit.data.builtin import OnlineRetail as OnlineRetail
