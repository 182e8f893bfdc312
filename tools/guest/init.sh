#!/bin/busybox sh
# As the guest's PID 1: this machine's files, read-only below a disk of the guest's own, then the
# command in them. Everything is gone when it ends.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
while read -r module; do insmod "/modules/$module" || echo "guest: no module $module"; done </modules/order

mkdir -p /machine /disk /root
read -r files </files
read -r disk </disk.device
# shellcheck disable=SC2086 # a list of arguments
mount $files /machine &&
	mount -t ext4 -o noatime "$disk" /disk &&
	mkdir -p /disk/upper /disk/work /disk/lib /disk/tmp &&
	mount -t overlay -o lowerdir=/machine,upperdir=/disk/upper,workdir=/disk/work machine /root ||
	echo "guest: no file systems"

mount --move /proc /root/proc
mount --move /sys /root/sys
mount --move /dev /root/dev
mkdir -p /root/dev/pts /root/dev/shm
mount -t devpts -o mode=620,gid=5,ptmxmode=666 devpts /root/dev/pts
mount -t tmpfs shm /root/dev/shm
mount -t tmpfs run /root/run
mount -t cgroup2 cgroup2 /root/sys/fs/cgroup
mount --bind /disk/tmp /root/tmp
chmod 1777 /root/tmp
# The hosts' disks: Docker's own file system cannot stand on an overlay.
mount --bind /disk/lib /root/var/lib
# On a machine of its own dockerd loads these; the local cloud's hosts may load nothing. A kernel
# without modules has them.
if read -r modules </modules/folder; then
	mkdir -p /root/usr/lib/modules
	mount --bind "/root$modules" /root/usr/lib/modules
	chroot /root /sbin/modprobe -a br_netfilter ip_vs || echo "guest: no br_netfilter, or no ip_vs"
fi
mkdir -p /root/run/netns
ip link set lo up
# New network namespaces take this from the first one, where dockerd of a machine sets it; those in
# which Docker balances load would forward nothing.
echo 1 >/root/proc/sys/net/ipv4/ip_forward

read -r command </command
# The root is moved over the kernel's first one, not only entered: whoever enters a mount namespace
# made below, as `docker exec` does, is put on what lies uppermost there. Gone over by PID 1 itself,
# since the kernel asks for modules where PID 1 stands.
cd /root && mount --move . / && exec chroot . /bin/bash -c "$command
echo guest: ended with \$?
sync
exec busybox poweroff -f"
