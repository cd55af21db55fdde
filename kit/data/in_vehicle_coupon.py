"""The TFDS builder "in_vehicle_coupon".

Importing this module registers it; nothing is downloaded.

    import kit.data.in_vehicle_coupon
    import tensorflow_datasets as tfds

    builder = tfds.builder("in_vehicle_coupon", data_dir="somewhere")

Once prepared in a folder, `tfds.load` finds the data set there without the import.
"""

from kit.data.builtin import InVehicleCoupon as InVehicleCoupon
