"""Run by test_keras_distributed in each process of a cluster."""

import keras
import numpy as np
from keras.src.backend.tensorflow import trainer

from kit.training import strategy

STOCK = {
    "_maybe_symbolic_build": (
        trainer.TensorFlowTrainer,
        trainer.TensorFlowTrainer._maybe_symbolic_build,
    ),
    "reduce_per_replica": (trainer, trainer.reduce_per_replica),
}


def main() -> None:
    with strategy("multi-worker").scope():
        model = keras.Sequential([keras.Input([1]), keras.layers.Dense(1)])
        model.compile("sgd", "mse", jit_compile=False)
    x = np.ones([4, 1], np.float32)
    for name, (place, function) in STOCK.items():
        mended = getattr(place, name)
        setattr(place, name, function)
        try:
            model.fit(x, x, batch_size=4, verbose=0)
            print(f"{name} is no longer needed")
        except ValueError as error:
            print(f"{name} fails: {' '.join(str(error).split()[:4])}")
        setattr(place, name, mended)


if __name__ == "__main__":
    main()
