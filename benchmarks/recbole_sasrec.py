"""Train RecBole's SASRec for some batches and print targets trained per second as JSON.

Run by sequential_training.py with the Python of RecBole's environment; it needs recbole alone.

    python recbole_sasrec.py FOLDER NAME BATCHES

FOLDER/NAME/NAME.inter holds user_id, item_id and timestamp. Two layers, width 64, inner width 256,
two heads, length 50, cross-entropy over all items, batch 2048: RecBole's defaults, written out
where they matter. Each prefix of a sequence is a row with one target, as RecBole has it.
"""

import json
import os
import sys
import time
from itertools import islice

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.utils import get_model, init_seed
from torch.optim import Adam

WARM_UP = 2


def rate(folder: str, name: str, batches: int) -> float:
    """Targets trained per second, after the warm-up."""
    # RecBole reads options of its own from the command line.
    sys.argv = sys.argv[:1]
    config = Config(
        model="SASRec",
        dataset=name,
        config_dict={
            "data_path": folder,
            "load_col": {"inter": ["user_id", "item_id", "timestamp"]},
            "eval_args": {"split": {"LS": "valid_and_test"}, "order": "TO", "mode": "full"},
            "MAX_ITEM_LIST_LENGTH": 50,
            "n_layers": 2,
            "n_heads": 2,
            "hidden_size": 64,
            "inner_size": 256,
            "loss_type": "CE",
            "train_neg_sample_args": None,
            "train_batch_size": 2048,
            "show_progress": False,
        },
    )
    init_seed(config["seed"], config["reproducibility"])
    train, _, _ = data_preparation(config, create_dataset(config))
    model = get_model("SASRec")(config, train.dataset).to(config["device"])
    optimizer = Adam(model.parameters(), lr=config["learning_rate"])
    model.train()
    targets, begin = 0, 0.0
    for number, interaction in enumerate(islice(train, WARM_UP + batches)):
        if number == WARM_UP:
            begin = time.perf_counter()
        optimizer.zero_grad()
        loss = model.calculate_loss(interaction.to(config["device"]))
        loss.backward()
        optimizer.step()
        if number >= WARM_UP:
            targets += len(interaction)
    return targets / (time.perf_counter() - begin)


if __name__ == "__main__":
    print(json.dumps(rate(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
