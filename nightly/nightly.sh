#!/bin/sh
# One night of a recommender: check the log, train from the live version, let the new version answer
# unless it is worse, write a list for every user.
#
#     nightly.sh RECIPE LOG MODEL LISTS [OPTION OF kit train]...
#     nightly.sh two-tower log.csv saved_models/shop recs.parquet --dim 32
#
# LOG is the whole log to date. Exit codes: 0 done; 3 the new version is worse; 4 the data were
# refused, which somebody should look at; else that of the command that failed. Unless it is 0, the
# live version and its lists stay as they were.
set -u

if [ $# -lt 4 ]; then
    echo "Usage: nightly.sh RECIPE LOG MODEL LISTS [OPTION OF kit train]..." >&2
    exit 2
fi
recipe=$1 log=$2 model=$3 lists=$4
shift 4

if [ -d "$model" ]; then
    # Options that say how the log is read are those of the training: NIGHTLY_DATA_OPTIONS.
    # shellcheck disable=SC2086
    kit data "$log" --against "$model" ${NIGHTLY_DATA_OPTIONS-}
    code=$?
    [ $code -eq 1 ] && exit 4
    [ $code -eq 0 ] || exit $code
    set -- "$@" --from "$model"
fi
# shellcheck disable=SC2086
kit train "$recipe" --data "$log" --output "$model" ${NIGHTLY_DATA_OPTIONS-} "$@" \
    --promote-if-better --keep-versions "${NIGHTLY_KEEP_VERSIONS-5}" || exit $?
kit recommend "$model" --all-users --top "${NIGHTLY_TOP-50}" --output "$lists"
