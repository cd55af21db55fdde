"""The night of nightly.sh as an Airflow 2 graph: a task each, so that each can be run again."""

from datetime import UTC, datetime, timedelta

from airflow import DAG
from airflow.operators.bash import BashOperator

LOG, MODEL, LISTS = "log/interactions.csv", "models/shop", "recs.parquet"
# The kit's exit code where the new version is worse than the live one.
WORSE = 3

with DAG(
    "shop_nightly",
    schedule="30 2 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"cwd": "/work", "retries": 1, "retry_delay": timedelta(minutes=10)},
) as graph:
    # Fails where somebody should look at the data first: then nothing is trained.
    check = BashOperator(
        task_id="check",
        bash_command=f"test ! -d {MODEL} || kit data {LOG} --against {MODEL}",
        retries=0,
    )
    # A worse version is skipped with all that follows, and the live version goes on answering.
    train = BashOperator(
        task_id="train",
        bash_command=f"kit train two-tower --data {LOG} --output {MODEL} --report reports/shop "
        f"$(test ! -d {MODEL} || echo --from {MODEL}) --promote-if-better --keep-versions 5",
        skip_on_exit_code=WORSE,
        execution_timeout=timedelta(hours=6),
    )
    recommend = BashOperator(
        task_id="recommend",
        bash_command=f"kit recommend {MODEL} --all-users --top 50 --output {LISTS}",
    )
    deploy = BashOperator(
        task_id="deploy", bash_command=f"kit deploy serve {MODEL} --output serving"
    )
    check >> train >> [recommend, deploy]
