"""The `kit` command."""

from kit.cli._anomalies import anomalies as anomalies
from kit.cli._audit import audit as audit
from kit.cli._baselines import baselines as baselines
from kit.cli._compare import compare as compare
from kit.cli._copy import copy as copy
from kit.cli._data import data as data
from kit.cli._data import prepare as prepare
from kit.cli._deploy import deploy as deploy
from kit.cli._drivers import drivers as drivers
from kit.cli._encoder import encoder as encoder
from kit.cli._evaluate import evaluate as evaluate
from kit.cli._explain import explain as explain
from kit.cli._forecast import forecast as forecast
from kit.cli._forget import forget as forget
from kit.cli._index import index as index
from kit.cli._launch import launch as launch
from kit.cli._main import main as main
from kit.cli._order import order as order
from kit.cli._plan import plan as plan
from kit.cli._predict import predict as predict
from kit.cli._recommend import recommend as recommend
from kit.cli._recommend import similar as similar
from kit.cli._robustness import robustness as robustness
from kit.cli._segments import segments as segments
from kit.cli._serve import serve as serve
from kit.cli._sign import sign as sign
from kit.cli._verify import verify as verify
from kit.cli._versions import label as label
from kit.cli._versions import rollback as rollback
from kit.cli._versions import versions as versions

for _command in (
    anomalies,
    audit,
    baselines,
    compare,
    copy,
    data,
    deploy,
    drivers,
    encoder,
    evaluate,
    explain,
    forecast,
    forget,
    index,
    label,
    launch,
    order,
    plan,
    predict,
    prepare,
    recommend,
    robustness,
    rollback,
    segments,
    serve,
    sign,
    similar,
    verify,
    versions,
):
    main.add_command(_command)
