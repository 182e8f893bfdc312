#!/bin/sh
# Start one host in namespaces of its own, inside the network namespace of the caller.
# It ends with 129 when the host rebooted itself and with 130 when it powered off
# (reboot(2) in a PID namespace kills its init with SIGHUP or SIGINT).
set -eu
exec unshare --mount --propagation private --pid --uts --ipc --fork --kill-child=KILL \
	sh "$LAB_SCRIPTS/cgroup.sh"
