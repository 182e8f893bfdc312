#!/bin/sh
# Start one host in namespaces of its own, inside the network namespace of the caller.
# It dies of SIGHUP when the host rebooted itself and of SIGINT when it powered off, since that
# is what reboot(2) in a PID namespace does to its init.
set -eu
exec unshare --mount --propagation private --pid --uts --ipc --fork --kill-child=KILL \
	sh "$LAB_SCRIPTS/cgroup.sh"
