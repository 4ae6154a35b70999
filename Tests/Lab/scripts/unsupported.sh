#!/bin/bash
# A fleet whose kernels have no ESP: refused with 66257199 before anything has changed.
# Run it in `deploy/lab/run --kernel uml --hide-modules`, or on a host without ESP with `--kernel host`.
set -uo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
script=unsupported
[ -n "${TESTUDO_LAB:-}" ] ||
    exec "$scripts/../../../deploy/lab/run" --kernel uml --hide-modules -- "$scripts/unsupported.sh"
. "$scripts/api.sh"
patch true
check "PATCH is refused" [ "${status:0:1}" -ge 4 ]
check "with 66257199" answers '"code": "66257199"'
check "and ONTAP's words" answers 'IPsec is not supported in the current cluster version.'
check "and every node's name" answers 'node1: '
check "nothing changed anywhere" all_empty
check "GET says false" is_enabled false
patch false
check "off is no trouble" is_status 200
conclude
