#!/bin/bash
# Strangers' clients against the fleet, unchanged: NetApp's Python library in four releases and its Ansible collection, each
# in a virtual environment of its own, made where it is missing. The oldest know no port but 443.
set -uo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
script=clients
[ -n "${TESTUDO_LAB:-}" ] || exec "$scripts/../../../deploy/lab/run" --kernel simulated -- "$scripts/clients.sh" "$@"
. "$scripts/api.sh"
. "$scripts/environment.sh"
libraries='9.8.0 9.12.1.0 9.16.1.0 9.19.1.0'
# The collection netapp.ontap 23.2.0 is in it.
ansible=12.3.0
# Its releases up to 9.16 were written for marshmallow 3, and do not say so.
library() { environment "library-$1" "netapp-ontap==$1" 'marshmallow<4' && "$environments/library-$1/bin/python" "$scripts/../clients/library.py"; }
playbook() {
    environment "ansible-$ansible" "ansible==$ansible" requests || return 1
    ANSIBLE_HOME=$TESTUDO_LAB/ansible ANSIBLE_LOCALHOST_WARNING=false REQUESTS_CA_BUNDLE=$TESTUDO_CA \
        "$environments/ansible-$ansible/bin/ansible-playbook" --inventory localhost, --connection local \
        --extra-vars "ansible_python_interpreter=$environments/ansible-$ansible/bin/python" "$scripts/../clients/playbook.yml"
}

configuration=$TESTUDO_LAB/coordinator/coordinator.yaml
sed -i 's/^\(rest:.*listen: "127.0.0.1:\)[0-9]*"/\1443"/' "$configuration"
restart coordinator
export TESTUDO_HOST=127.0.0.1 TESTUDO_PORT=443 TESTUDO_URL=https://127.0.0.1:443
start_caller
check "the fleet is there on port 443" eventually 30 all_present
for release in $libraries; do check "netapp-ontap $release" library "$release"; done
check "netapp.ontap in ansible $ansible" playbook
conclude
