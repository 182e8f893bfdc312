#!/bin/sh
# As the host's PID 1: build its file systems, pivot into them and become its systemd.
set -eu
root=$LAB_HOST/root

# /proc is still that of the machine, so this is PID 1's number there.
read -r pid _ </proc/self/stat
echo "$pid" >"$LAB_HOST/pid"
hostname "$LAB_HOSTNAME"

mount -t overlay overlay \
	-o "lowerdir=$LAB_ROOT,upperdir=$LAB_HOST/upper,workdir=$LAB_HOST/work" "$root"

mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mkdir "$root/dev/pts" "$root/dev/shm" "$root/dev/net" "$root/dev/mqueue"
for node in null zero full random urandom tty fuse kmsg net/tun; do
	[ ! -e "/dev/$node" ] || cp -a "/dev/$node" "$root/dev/$node"
done
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/1 "$root/dev/stdout"
touch "$root/dev/console"
mount --bind "$LAB_HOST/console" "$root/dev/console"

mount -t proc proc "$root/proc"

# cloud-init takes the machine for EC2's by /sys/hypervisor/uuid, so /sys is a folder
# of bind mounts of the real one's children, with that file beside them.
mount -t sysfs sysfs "$LAB_HOST/sysfs"
mount -t tmpfs -o mode=755 tmpfs "$root/sys"
for child in "$LAB_HOST"/sysfs/*/; do
	child=$(basename "$child")
	[ "$child" != hypervisor ] || continue
	mkdir "$root/sys/$child"
	mount --bind "$LAB_HOST/sysfs/$child" "$root/sys/$child"
done
mkdir "$root/sys/hypervisor"
echo ec2f0000-0000-4000-8000-000000000000 >"$root/sys/hypervisor/uuid"

if [ "$(stat -fc %T /sys/fs/cgroup)" = cgroup2fs ]; then
	mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
else
	mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
	for controller in cpu cpuacct cpuset memory devices freezer blkio pids; do
		mkdir "$root/sys/fs/cgroup/$controller"
		mount -t cgroup -o "$controller" cgroup "$root/sys/fs/cgroup/$controller"
	done
	mkdir "$root/sys/fs/cgroup/systemd"
	mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/systemd"
fi

mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
# A boot id per boot, as systemd-nspawn gives one: the journal and cloud-init go by it.
cat /proc/sys/kernel/random/uuid >"$root/run/.boot_id"
mount --bind "$root/run/.boot_id" "$root/proc/sys/kernel/random/boot_id"

# No overlay can stand on an overlay: images and containers get folders of the machine's own disk.
for store in docker containerd; do
	mkdir -p "$root/var/lib/$store"
	mount --bind "$LAB_HOST/$store" "$root/var/lib/$store"
done

cat "$LAB_ROOT/etc/ssl/certs/ca-certificates.crt" "$LAB_AUTHORITY" \
	>"$root/etc/ssl/certs/ca-certificates.crt"

cd "$root"
mkdir -p .old
pivot_root . .old
cd /
mount --make-rprivate /.old
umount -l /.old
exec env -i container=lab PATH=/usr/sbin:/usr/bin:/sbin:/bin \
	/lib/systemd/systemd --log-target=console --show-status=1
