"""A fan-out with Ansible: N nodes, each an sshd of its own on 127.0.1.x.

A round is one `ansible all -m command -a true` (case "round") or `-m raw` (case "raw"), as an operator calls it: the
connections of the round before are used again. Arguments as in common.py; ansible is looked for in PATH.
"""
import os
import shutil
import socket
import subprocess
import sys
import time

from common import Bench, fail, listening, memory_of, processes, tenths, trees

SSH_PORT = 22
ROUND_SECONDS = 120

bench = Bench("ansible")
folder = bench.folder
log = os.path.join(folder, "ansible.log")


def address(number):
    return f"127.0.1.{number}"


def prepare():
    """Keys, and a user "node" with a shell but no start-up files: /etc and /run of this namespace alone are changed."""
    for key in "host_key", "user_key":
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", os.path.join(folder, key)], check=True)
    with open("/etc/passwd", encoding="utf-8") as source:
        passwd = [line for line in source if not line.startswith("node:")]
    passwd.append(f"node:*:0:0::{folder}:/bin/sh\n")
    # sshd drops its privileges to a user of this name before it knows who has come.
    if not any(line.startswith("sshd:") for line in passwd):
        passwd.append("sshd:*:65533:65534::/run/sshd:/usr/sbin/nologin\n")
    with open(os.path.join(folder, "passwd"), "w", encoding="utf-8") as sink:
        sink.writelines(passwd)
    subprocess.run(["mount", "--bind", os.path.join(folder, "passwd"), "/etc/passwd"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/run"], check=True)
    os.mkdir("/run/sshd", 0o755)
    with open(os.path.join(folder, "host_key.pub"), encoding="utf-8") as source:
        host_key = source.read()
    with open(os.path.join(folder, "known_hosts"), "w", encoding="utf-8") as sink:
        sink.write(f"127.0.1.* {host_key}")


def version():
    ansible = subprocess.run(["ansible", "--version"], stdout=subprocess.PIPE, env=environment, check=True).stdout.decode()
    with socket.create_connection((address(1), SSH_PORT), timeout=10) as greeted:
        return f"{ansible.splitlines()[0]}, {greeted.makefile().readline().strip()}"


def command(module, count):
    return ["ansible", "all", "--forks", str(count), "-m", module, "-a", "true"]


def check(status, count, said):
    """`ansible` reports what went wrong in its output as well as in its status."""
    good = sum(" | CHANGED | rc=0" in line for line in said.decode().splitlines())
    if status != 0 or good != count:
        with open(log, "ab") as sink:
            sink.write(said)
        fail(f"ansible: {good} of {count} answered well, status {status}: {log}")


def call(module, count):
    with open(log, "ab") as complaints:
        called = subprocess.run(command(module, count), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=complaints,
                                env=environment, timeout=ROUND_SECONDS, check=False)
    check(called.returncode, count, called.stdout)


def sessions():
    return [process for process, _, name in processes() if name == "sshd" and process not in listeners]


def greatest(count):
    """What the sessions hold at the most while a command runs, as far as looking often shows it: the mean, KiB of PSS."""
    most = {session: 0 for session in sessions()}
    with open(os.path.join(folder, "greatest.log"), "w+b") as said:
        running = subprocess.Popen(command("command", count), stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=environment)
        deadline = time.monotonic() + ROUND_SECONDS
        while running.poll() is None and time.monotonic() < deadline:
            for session, group in trees(most).items():
                if len(group) > 1:
                    most[session] = max(most[session], memory_of(group)[0])
            time.sleep(0.005)
        running.kill()
        said.seek(0)
        check(running.wait(), count, said.read())
    return tenths(sum(most.values()) / count)


environment = {"PATH": os.environ["PATH"], "HOME": folder, "LC_ALL": "C.UTF-8", "ANSIBLE_HOME": os.path.join(folder, "home"),
               "ANSIBLE_CONFIG": os.path.join(folder, "ansible.cfg")}
prepare()
bench.fill("sshd.conf.in", os.path.join(folder, "sshd.conf"), folder=folder)
# Nodes have the Python of this program, which is the system's where there is one.
bench.fill("ansible.cfg.in", os.path.join(folder, "ansible.cfg"), folder=folder, python=sys.executable)
sshd = shutil.which("sshd")
listeners = []

sizes = [10] if bench.quick else [10, 50, 100]
for count in sizes:
    with open(os.path.join(folder, "inventory"), "w", encoding="utf-8") as inventory:
        for number in range(1, count + 1):
            inventory.write(f"node{number} ansible_host={address(number)} ansible_user=node "
                            f"ansible_ssh_private_key_file={folder}/user_key\n")
    while len(listeners) < count:
        node = [sshd, "-D", "-f", os.path.join(folder, "sshd.conf"), "-o", f"ListenAddress={address(len(listeners) + 1)}"]
        listeners.append(bench.start(node, os.path.join(folder, "sshd.log")).pid)
    bench.wait("every sshd", os.path.join(folder, "sshd.log"), 20, lambda: listening(SSH_PORT) == count)
    if count == sizes[0]:
        bench.version(version())
    # The first command of all also brings what later ones find in memory; after it, connections are all that is to be made.
    call("command" if count == sizes[0] else "raw", count)
    # A round of 100 takes some 20 s.
    bench.timed("round", count, lambda: call("command", count), at_least=2 if count > 10 else 3, seconds=10)
    if count == sizes[0]:
        bench.timed("raw", count, lambda: call("raw", count), at_least=3, seconds=5)
    clients = [process for process, _, name in processes() if name == "ssh"]
    if len(sessions()) != count or len(clients) != count:
        fail(f"ansible: {len(sessions())} sessions and {len(clients)} clients stay, not {count}: {folder}/sshd.log")
    listening_each = sum(memory_of([listener])[0] for listener in listeners) / count
    more = {"working": greatest(count)} if count == sizes[0] else {}
    bench.memory("agent_memory", count, [[session] for session in sessions()], listener=tenths(listening_each), **more)
    bench.memory("server_memory", count, [clients])

bench.note("ansible: each node has an sshd of its own on loopback; pipelining, ControlPersist, as many forks as nodes, no facts; "
           "the connections of the round before are used again")
bench.note("ansible: nothing of its own stays at a node. agent_memory is the sshd session that waits there; `listener` is the sshd "
           "that is there anyway, `working` the most that a session and what it ran were seen to hold while a command ran. "
           "server_memory is the ssh clients that wait on the control node, all together, not ansible itself")
