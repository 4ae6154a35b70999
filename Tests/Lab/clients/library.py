#!/usr/bin/env python3
"""NetApp's Python library against the fleet, as its own examples use it: reads, turns on and off, follows a job, is refused.

Whatever is not as it should be ends the run with a traceback.
"""
import os
import ssl
import sys
from importlib.metadata import version

from netapp_ontap import HostConnection, NetAppRestError, config
from netapp_ontap.resources import Cluster, Job, Node

try:
    from netapp_ontap.resources import Ipsec
except ImportError:  # Releases before the name was settled.
    from netapp_ontap.resources import IPsec as Ipsec

host = os.environ["TESTUDO_HOST"]
authority = os.environ["TESTUDO_CA"]
# They outrank `verify`.
for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
    os.environ.pop(name, None)


def connect(password: str) -> HostConnection:
    return HostConnection(host, username=os.environ["TESTUDO_USER"], password=password, verify=authority)


def read() -> Ipsec:
    resource = Ipsec()
    resource.get(fields="enabled,replay_window")
    return resource


def turn(enabled: bool) -> None:
    resource = Ipsec()
    resource.enabled = enabled
    resource.patch(hydrate=True)
    assert resource.enabled is enabled, resource
    assert read().enabled is enabled


def refused(what, status: int, code: str) -> None:
    try:
        what()
    except NetAppRestError as error:
        response = error.http_err_response.http_response
        assert response.status_code == status, error
        assert response.json()["error"]["code"] == code, error
        return
    raise AssertionError("it was not refused")


config.CONNECTION = connect(os.environ["TESTUDO_PASSWORD"])

cluster = Cluster()
cluster.get()
assert (cluster.version.generation, cluster.version.major) == (9, 8), cluster
names = {node.name for node in Node.get_collection(fields="name,state", state="up")}
assert names == set(os.environ["TESTUDO_NODES"].split()), names

assert read().enabled is False
turn(True)
turn(True)
whole = Ipsec()
whole.get(fields="*")
assert whole.enabled is True

window = Ipsec()
window.replay_window = 256
window.patch()
assert int(read().replay_window) == 256
window.replay_window = 64
window.patch()
turn(False)

unchanged = Ipsec()
unchanged.patch()
assert read().enabled is False

# At once answered with a job, which the library follows to its end.
job = Ipsec()
job.enabled = True
job.patch(return_timeout=0, poll_interval=1, poll_timeout=60)
assert read().enabled is True
jobs = list(Job.get_collection(fields="state,description", description="PATCH /api/security/ipsec", state="success"))
assert jobs, "no job is told of"
turn(False)

wrong = Ipsec()
wrong.replay_window = 65
refused(wrong.patch, 400, "262185")
refused(lambda: Ipsec().get(fields="nothing_of_the_kind"), 400, "262197")
config.CONNECTION = connect("wrong")
refused(lambda: Ipsec().get(), 401, "6691623")

print(f"netapp-ontap {version('netapp-ontap')}, Python {sys.version.split()[0]}, {ssl.OPENSSL_VERSION}: all as it must be")
