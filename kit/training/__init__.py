"""Training: devices, the stream of batches, checkpoints, and the one call of Keras `fit`."""

from kit.training._batches import WHOLE as WHOLE
from kit.training._batches import Batches as Batches
from kit.training._batches import Shard as Shard
from kit.training._batches import digest as digest
from kit.training._checkpoints import Checkpoints as Checkpoints
from kit.training._disk_batches import DiskBatches as DiskBatches
from kit.training._fit import Training as Training
from kit.training._fit import fit as fit
from kit.training._list_batches import ListBatches as ListBatches
from kit.training._parameter_server import on_this_device as on_this_device
from kit.training._peers import finish_together as finish_together
from kit.training._precision import Precision as Precision
from kit.training._precision import answer_in_float32 as answer_in_float32
from kit.training._precision import choose_precision as choose_precision
from kit.training._sequence_batches import SequenceBatches as SequenceBatches
from kit.training._sequence_batches import default_length as default_length
from kit.training._strategy import STRATEGIES as STRATEGIES
from kit.training._strategy import Choice as Choice
from kit.training._strategy import choose_strategy as choose_strategy
from kit.training._strategy import strategy as strategy
from kit.training._table_batches import TableBatches as TableBatches
from kit.training._table_batches import default_rows as default_rows
from kit.training._user_batches import UserBatches as UserBatches
from kit.training._user_batches import default_batch_size as default_batch_size
