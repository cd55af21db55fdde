"""Embedding layer whose cost per step does not depend on the size of the table."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf

from kit.layers._integer_ids import integer_ids

Key = str | int
# In bytes. A tensor of 2 GiB cannot be sent to a server, as resuming a training does.
LARGEST_SHARD = 2_000_000_000


@keras.saving.register_keras_serializable(package="kit")
class Embedding(keras.layers.Layer):
    """Maps ids to trainable vectors and reads only the rows that are looked up.

    `keras.layers.Embedding` reads its whole table in every call, which the following update then
    has to copy. This layer gathers rows directly from the variable, and its gradient is a
    `tf.IndexedSlices`. With a lazy optimizer of `kit.optimizers`, a training step on ten million
    rows costs about as much as one on ten thousand.

    Built in the scope of a `tf.distribute.ParameterServerStrategy`, a large table is sharded over
    the parameter servers, so it may exceed the memory of each of them. No shard is larger than
    2 GB. The table is saved as one.

    Exactly one of `input_dim`, `vocabulary`, `hash_bins` and `table` defines the ids:

    * `input_dim`: integers in [0, input_dim);
    * `vocabulary`: known keys, all strings or all integers. The n-th key, from 0, has row n + 1;
      every key out of vocabulary has row 0. Saved with the layer;
    * `hash_bins`: any string or integer, hashed (FarmHash64 of its text) to this many rows;
    * `table`: another `Embedding`, whose weights and keys are shared.

    Args:
        input_dim: number of rows.
        output_dim: width of the vectors; not allowed with `table`.
        embeddings_initializer: initializer of the table [rows, output_dim].
        mask_zero: whether row 0 is padding, which downstream layers get a mask of. With a
            vocabulary, keys out of vocabulary are masked ("" in a padded history, unless "" is
            a key). With hashing, "" or 0 gets an extra row 0, in addition to the bins.
        vocabulary: known keys, without repetition.
        hash_bins: number of hash bins.
        table: the `Embedding` whose weights to share.

    Call arguments:
        inputs: integers, strings, or floats that hold whole numbers (see `integer_ids`), of any
            shape.

    Returns:
        input shape + [output_dim], in the layer's compute dtype; mixed precision casts the rows
        that are looked up, never the table.

    Raises:
        ValueError: not exactly one kind of ids, a size below 1, or a vocabulary that is empty,
            mixes types or repeats a key.

    Example:

    >>> movies = Embedding(output_dim=8, vocabulary=["Alien", "Heat"])
    >>> movies(tf.constant([["Heat", "Alien"], ["Solaris", "Heat"]])).shape
    TensorShape([2, 2, 8])
    >>> movies.rows(tf.constant(["Heat", "Solaris"])).numpy().tolist()
    [2, 0]
    >>> movies.embeddings.shape
    TensorShape([3, 8])
    """

    built: bool
    input_dim: int | None
    output_dim: int | None

    def __init__(
        self,
        input_dim: int | None = None,
        output_dim: int | None = None,
        *,
        embeddings_initializer: Any = "uniform",
        mask_zero: bool = False,
        vocabulary: Sequence[Key] | np.ndarray[Any, Any] | None = None,
        hash_bins: int | None = None,
        table: Self | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # Ids must not be cast to the compute dtype.
        kinds = (input_dim, vocabulary, hash_bins, table)
        if sum(kind is not None for kind in kinds) != 1:
            raise ValueError("Give exactly one of input_dim, vocabulary, hash_bins and table.")
        if (output_dim is None) != (table is not None):
            raise ValueError("Give output_dim, unless the table of another Embedding is shared.")
        sizes = {"input_dim": input_dim, "output_dim": output_dim, "hash_bins": hash_bins}
        for name, size in sizes.items():
            if size is not None and size < 1:
                raise ValueError(f"{name} has to be 1 or more, not {size}.")
        self.table = table
        self.vocabulary = None if vocabulary is None else _checked(vocabulary)
        self.hash_bins = hash_bins
        self.mask_zero = self.supports_masking = mask_zero
        self.embeddings_initializer = keras.initializers.get(embeddings_initializer)
        if table is not None:
            self.input_dim, self.output_dim = table.input_dim, table.output_dim
        else:
            self.input_dim = self._number_of_rows(input_dim)
            self.output_dim = output_dim
        self._row_of_key = None if self.vocabulary is None else _lookup_table(self.vocabulary)

    def _number_of_rows(self, input_dim: int | None) -> int | None:
        if self.vocabulary is not None:
            return len(self.vocabulary) + 1
        if self.hash_bins is not None:
            return self.hash_bins + int(self.mask_zero)
        return input_dim

    def build(self, input_shape: Any = None) -> None:
        if self.table is not None:
            if not self.table.built:
                self.table.build(input_shape)
        else:
            self._shards = [
                self._add_shard(number, rows) for number, rows in enumerate(self._rows_of_shards())
            ]
        self.built = True

    def _rows_of_shards(self) -> list[int]:
        assert self.input_dim is not None
        shards = _shards((self.input_dim, self.output_dim), self.variable_dtype)
        # Row r is in shard r modulo the number of shards: this spreads neighbouring rows, whose
        # frequencies are often similar.
        return [len(range(number, self.input_dim, shards)) for number in range(shards)]

    def _add_shard(self, number: int, rows: int) -> Any:
        # No autocast: it would read the whole variable.
        return self.add_weight(
            shape=(rows, self.output_dim),
            initializer=_reseeded(self.embeddings_initializer, number),
            name=f"embeddings_{number}" if number else "embeddings",
            autocast=False,
        )

    @property
    def embeddings(self) -> Any:
        """The table, a `keras.Variable` [rows, output_dim] in the variable dtype.

        Raises:
            AttributeError: the layer is not built, or the table is sharded over parameter servers.
        """
        (table,) = self._one_shard()
        return table

    def _one_shard(self) -> list[Any]:
        shards = self.shards
        if len(shards) > 1:
            raise AttributeError("The table lies in shards on parameter servers; see `shards`.")
        return shards

    @property
    def shards(self) -> list[Any]:
        """The shards of the table, usually one; of n shards, row r is row r // n of shard r % n."""
        if self.table is not None:
            return self.table.shards
        if not self.built:
            raise AttributeError("The table does not exist before the layer is built.")
        return self._shards

    def rows(self, inputs: Any) -> Any:
        """Row number of each id, int32 or int64, in the shape of the input."""
        if self.table is not None:
            return self.table.rows(inputs)
        if inputs.dtype != tf.string:
            inputs = integer_ids(inputs)
        if self._row_of_key is not None:
            return self._row_of_key.lookup(tf.cast(inputs, self._row_of_key.key_dtype))
        return inputs if self.hash_bins is None else self._bins(inputs)

    def _bins(self, inputs: Any) -> Any:
        text = inputs if inputs.dtype == tf.string else tf.as_string(tf.cast(inputs, tf.int64))
        bins = tf.strings.to_hash_bucket_fast(text, self.hash_bins)
        if not self.mask_zero:
            return bins
        padding = text == ("" if inputs.dtype == tf.string else "0")
        return tf.where(padding, tf.zeros_like(bins), bins + 1)

    def call(self, inputs: Any) -> Any:
        tables = [_local(shard.value) for shard in self.shards]
        rows = self.rows(inputs)
        if len(tables) == 1:
            gathered = tf.gather(tables[0], rows)
        else:
            # `tf.nn.embedding_lookup` would assume that shards hold contiguous rows.
            gathered = tf.compat.v1.nn.embedding_lookup(tables, rows, partition_strategy="mod")
        return tf.cast(gathered, self.compute_dtype)

    def save_own_variables(self, store: Any) -> None:
        """Save the table as one, independent of its shards."""
        if self.table is None and self.built:
            parts = [np.asarray(shard) for shard in self.shards]
            table = np.empty((sum(map(len, parts)), *parts[0].shape[1:]), parts[0].dtype)
            for number, part in enumerate(parts):
                table[number :: len(parts)] = part
            store["0"] = table

    def load_own_variables(self, store: Any) -> None:
        """Load a table into the shards, whatever shards it was saved from."""
        if self.table is None:
            for number, shard in enumerate(self.shards):
                shard.assign(store["0"][number :: len(self.shards)])

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        # A functional model computes masks when it runs; a symbolic input has none.
        if not self.mask_zero or isinstance(inputs, keras.KerasTensor):
            return None
        return tf.not_equal(self.rows(inputs), 0)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        return (*input_shape, self.output_dim)

    def compute_output_spec(self, inputs: Any) -> Any:
        return keras.KerasTensor(self.compute_output_shape(inputs.shape), self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        own_rows = self.table is None and self.vocabulary is None and self.hash_bins is None
        return {
            **super().get_config(),
            "input_dim": self.input_dim if own_rows else None,
            "output_dim": None if self.table is not None else self.output_dim,
            "embeddings_initializer": keras.initializers.serialize(self.embeddings_initializer),
            "mask_zero": self.mask_zero,
            "vocabulary": self.vocabulary,
            "hash_bins": self.hash_bins,
            "table": None if self.table is None else self._table_config(),
        }

    def _table_config(self) -> dict[str, Any]:
        # Keras identifies shared objects by this key. It adds the key too late for an object that
        # is first serialized inside another layer, and would load two tables.
        config = keras.saving.serialize_keras_object(self.table)
        return {**config, "shared_object_id": id(self.table)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        table = keras.saving.deserialize_keras_object(config["table"])
        return cls(**{**config, "table": table})


def _checked(vocabulary: Sequence[Key] | np.ndarray[Any, Any]) -> list[Key]:
    raw = list(vocabulary)
    kind = str if raw and isinstance(raw[0], str) else int
    if not raw or not all(isinstance(key, (kind, np.integer)) for key in raw):
        raise ValueError("A vocabulary is one or more strings, or one or more integers.")
    keys = [kind(key) for key in raw]
    repeated = [key for key, times in Counter(keys).items() if times > 1]
    if repeated:
        raise ValueError(f"The vocabulary repeats {len(repeated)} keys, first {repeated[0]!r}.")
    return keys


def _lookup_table(keys: list[Key]) -> Any:
    key_dtype = tf.string if isinstance(keys[0], str) else tf.int64
    # Created outside of any graph, so that a layer may be constructed inside one.
    with tf.init_scope():
        rows = tf.range(1, len(keys) + 1, dtype=tf.int64)
        pairs = tf.lookup.KeyValueTensorInitializer(tf.constant(keys, key_dtype), rows)
        return tf.lookup.StaticHashTable(pairs, default_value=0)


def _shards(shape: tuple[int, int | None], dtype: str) -> int:
    if not isinstance(tf.distribute.get_strategy(), tf.distribute.ParameterServerStrategy):
        return 1
    servers = sum("/job:ps/" in device.name for device in tf.config.list_logical_devices("CPU"))
    return shards_on(servers, tf.TensorShape(shape), tf.as_dtype(dtype))


def shards_on(servers: int, shape: tf.TensorShape, dtype: tf.DType) -> int:
    """Number of shards of a table: one per server, fewer for a small table, more for a huge one.

    Args:
        servers: number of parameter servers.
        shape: shape of the table.
        dtype: dtype of its entries.
    """
    by_size = tf.distribute.experimental.partitioners.MinSizePartitioner(max_shards=servers)
    fewest = int(by_size(shape, dtype)[0])
    size: int = shape.num_elements() * dtype.size
    if size <= fewest * LARGEST_SHARD:
        return fewest
    return servers * -(-size // (servers * LARGEST_SHARD))


def _reseeded(initializer: Any, shard: int) -> Any:
    # An initializer with a seed would give all shards of one shape the same values.
    config = initializer.get_config()
    if shard == 0 or "seed" not in config:
        return initializer
    if isinstance(config["seed"], int):
        config["seed"] += shard
    return type(initializer).from_config(config)


def _local(variable: Any) -> Any:
    # A gather on a mirrored variable reads the whole table; on the local copy it reads rows.
    copies = tf.distribute.get_strategy().experimental_local_results(variable)
    if len(copies) == 1:
        return copies[0]
    context = tf.distribute.get_replica_context()
    replica = None if context is None else tf.get_static_value(context.replica_id_in_sync_group)
    return variable if replica is None else copies[replica % len(copies)]
