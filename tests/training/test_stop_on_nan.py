import numpy as np
import pytest

from kit.errors import UserError
from kit.training._stop_on_nan import StopOnNaN
from tests.training.few import tiny


def test_a_loss_that_is_no_number_ends_training():
    model = tiny()
    model.optimizer.learning_rate = 1e30
    x, y = np.ones([1, 1]), np.ones([1])
    with pytest.raises(UserError, match=r"Training diverged: the loss is (nan|inf)") as raised:
        model.fit(x, y, epochs=9, verbose=0, callbacks=[StopOnNaN()])
    assert "remedy: Give a smaller --learning-rate" in str(raised.value)


@pytest.mark.parametrize("logs", [None, {}, {"loss": 0.0}, {"loss": 1e30}])
def test_other_losses_are_none_of_its_business(logs):
    StopOnNaN().on_epoch_end(0, logs)
