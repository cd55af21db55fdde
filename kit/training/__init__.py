"""Training: the stream of batches and the one call of Keras `fit`."""

from kit.training._disk_batches import DiskBatches as DiskBatches
from kit.training._fit import Training as Training
from kit.training._fit import fit as fit
from kit.training._strategy import strategy as strategy
from kit.training._user_batches import UserBatches as UserBatches
from kit.training._user_batches import default_batch_size as default_batch_size
