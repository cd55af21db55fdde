"""Small trainings on built-in data: a command line for every variant of every recipe."""

# Each takes twenty steps or more.
SHOP = "--data online-retail --limit 800 --dim 4 --epochs 7 --top 20"
ONE_BLOCK = "--layers 1 --heads 1"
SEQ2SEQ = f"{ONE_BLOCK} --dim 8 --hidden 8 --vocabulary 300 --epochs 3"
COMMANDS = {
    "two-tower": f"two-tower {SHOP} --batch-size 16",
    "two-tower-inverted-file": f"two-tower {SHOP} --batch-size 16 --index inverted-file "
    "--index-rows int8",
    "two-tower-item-text": f"two-tower {SHOP} --batch-size 16 --item-text title --loss sampled",
    "sequential": f"sequential {SHOP} {ONE_BLOCK} --batch-size 16",
    "sequential-time-gaps": f"sequential {SHOP} {ONE_BLOCK} --batch-size 16 --time-gaps "
    "--block hstu --loss sampled --negatives 9",
    "two-stage": f"two-stage {SHOP} --batch-size 16 --candidates 20",
    "ranking-dcn": "ranking --data in-vehicle-coupon --limit 400 --dim 2 --epochs 1 "
    "--batch-size 16",
    "ranking-din": "ranking --data online-retail --negatives 2 --model din --history 5 "
    "--limit 800 --dim 2 --epochs 1 --batch-size 64",
    "image-classification": "image-classification --data fashion-mnist-part --limit 200 --dim 4 "
    "--epochs 2 --batch-size 16",
    "object-detection": "object-detection --data bccd --limit 4 --dim 8 --size 64 --epochs 10 "
    "--batch-size 2",
    "text-classification": "text-classification --data sentiment-labelled-sentences --limit 200 "
    "--dim 4 --epochs 2 --batch-size 16",
    "summarization": f"summarization --data scitldr-part --limit 40 {SEQ2SEQ} --batch-size 4",
    "translation": f"translation --data tatoeba-eng-fra-part --limit 200 {SEQ2SEQ} "
    "--batch-size 64 --beams 2 --target-length 12",
}
