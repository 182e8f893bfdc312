#!/bin/sh
# As the host's PID 1: move into a cgroup of its own, then make that the root of what it sees.
# Only PID 1 joins (not the waiting unshare), because a v2 group with children holds no processes.
set -eu
group=$LAB_NAME/$LAB_INSTANCE

join() {
	mkdir -p "$1"
	echo 0 >"$1/cgroup.procs"
}

if [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; then
	mkdir -p "/sys/fs/cgroup/$LAB_NAME"
	for controller in cpu cpuset io memory pids; do
		for parent in /sys/fs/cgroup "/sys/fs/cgroup/$LAB_NAME"; do
			echo "+$controller" >"$parent/cgroup.subtree_control" 2>/dev/null || true
		done
	done
	join "/sys/fs/cgroup/$group"
else
	for controller in cpu cpuacct cpuset memory devices freezer blkio pids systemd unified; do
		hierarchy=/sys/fs/cgroup/$controller
		[ -d "$hierarchy" ] || continue
		if [ "$controller" = cpuset ]; then # a new group starts with no processors at all
			for level in "$hierarchy/$LAB_NAME" "$hierarchy/$group"; do
				mkdir -p "$level"
				cat "${level%/*}/cpuset.cpus" >"$level/cpuset.cpus"
				cat "${level%/*}/cpuset.mems" >"$level/cpuset.mems"
				echo 1 >"$level/cgroup.clone_children"
			done
		fi
		join "$hierarchy/$group"
	done
fi
exec unshare --cgroup sh "$LAB_SCRIPTS/init.sh"
