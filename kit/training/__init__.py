"""Training: the stream of batches and the one call of Keras `fit`."""

from kit.training._fit import Training as Training
from kit.training._fit import fit as fit
from kit.training._precision import Precision as Precision
from kit.training._precision import answer_in_float32 as answer_in_float32
from kit.training._precision import choose_precision as choose_precision
from kit.training._strategy import strategy as strategy
from kit.training._user_batches import UserBatches as UserBatches
from kit.training._user_batches import default_batch_size as default_batch_size
