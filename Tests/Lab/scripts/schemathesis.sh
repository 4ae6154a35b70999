#!/bin/bash
# The specification against the server that serves it: Schemathesis draws requests from it, well and ill formed, with and
# without credentials. No answer may be a fault of the server, off its schema, or of a status that is not described.
#   schemathesis.sh [SEED]
set -uo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
script=schemathesis
[ -n "${TESTUDO_LAB:-}" ] || exec "$scripts/../../../deploy/lab/run" --kernel simulated -- "$scripts/schemathesis.sh" "$@"
. "$scripts/api.sh"
. "$scripts/environment.sh"
version=4.32.5
seed=${1:-1}

# All but two: what a filter may say no schema tells, so that neither every request that fits the schema is right nor every
# other one wrong. RefusalTests has those.
checks=not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance
checks+=,response_schema_conformance,unsupported_method,allow_header_conformance,missing_required_header,ignored_auth
checks+=,use_after_free,ensure_resource_availability

draws() {
    environment "schemathesis-$version" "schemathesis==$version" || return 1
    cd "$TESTUDO_LAB" && "$environments/schemathesis-$version/bin/schemathesis" --no-color run "$TESTUDO_URL/docs/api/openapi.yaml" \
        --auth "$TESTUDO_USER:$TESTUDO_PASSWORD" --tls-verify "$TESTUDO_CA" --checks $checks --seed "$seed" "$@"
}

eventually 20 all_present
echo "$script: seed $seed"
check "each operation by itself" draws --phases examples,coverage,fuzzing --max-examples 40
# A fleet whose nodes have been deleted cannot be turned on, which is a status of 500, as ONTAP has it.
check "one after another" draws --phases stateful --max-examples 40 --exclude-method DELETE
conclude
