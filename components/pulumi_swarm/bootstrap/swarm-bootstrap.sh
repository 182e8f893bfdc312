#!/bin/sh
# Join this machine to its swarm or, on the first manager of a new one, make the swarm.
# Runs at every boot; on a machine that is in a swarm it changes nothing. With "upkeep", which a
# timer calls, a machine that was taken out comes back when an update lets it; managers unlock a locked
# swarm, hand over tokens that were rotated, let machines in again, drain those of pools that are about
# to go and take those off the list that are gone. With "serve-the-group", on a machine of a pool, it
# tells the group when the machine has joined, and leaves before the machine ends.
set -u
. /etc/swarm/node.conf
work=${RUNTIME_DIRECTORY:-/run/swarm-bootstrap} # of tmpfs and for root alone: tokens pass through it
machine=/etc/swarm/machine # the id of the machine that all of this was written on
joined=/etc/swarm/joined # there once this machine has been in its swarm; it then never leaves it
published=/etc/swarm/published # a digest of the tokens that this machine knows to be handed over
metadata_url=http://169.254.169.254/latest
in_service=/etc/swarm/in-service # there once the group knows that this machine has joined
let_in=/etc/swarm/let-in # whom the swarm lets in again, as far as this manager has handed it over
came_back=/etc/swarm/came-back # by what this machine was let in again, since that holds once
let_in_config=swarm-let-in. # and the machine's id: the name of a config of Docker
let_in_stage=LETINAGAIN # of the workers' secret, beside the token
status=none said=
deadline=$(($(date +%s) + BOOT_TIMEOUT_SECONDS))
why="it has only just started"

say() { printf 'swarm-bootstrap: %s\n' "$*"; } # as it is: echo of dash would read \n and the like

# Every failure ends here, in one line: what, where, and what next.
fail() {
	say "failed on $(hostname) ($ROLE): $*" >&2
	exit 1
}

# Wait before another try, or give up when the time is over. At least as long as the try took: a
# machine that is busy booting would only get slower by being asked.
pause() {
	now=$(date +%s)
	took=$((now - ${tried_at:-$now}))
	[ "$now" -lt "$deadline" ] || fail "gave up after $BOOT_TIMEOUT_SECONDS s: $why; systemd starts it again in 30 s"
	[ "${why%%:*}" = "$said" ] || say "waiting: $why"
	said=${why%%:*} # after the colon, the same reason may read otherwise each time
	sleep $((took < 2 ? 2 : took > 15 ? 15 : took))
	tried_at=$(date +%s)
}

field() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$1" "$2"; }

metadata() {
	curl -sf -m 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' \
		"$metadata_url/api/token" >"$work/metadata-token" || return 1
	{ printf 'X-aws-ec2-metadata-token: ' && cat "$work/metadata-token"; } |
		curl -sf -m 5 -H @- "$metadata_url/$1"
}

# aws_call SERVICE [TARGET]: sends $work/request, as a form when there is no target; the answer goes
# to $work/answer, the HTTP status to $status. curl signs; keys and request reach it by files, so that
# no process list shows them.
aws_call() {
	status=none
	form=www-form-urlencoded
	[ $# -eq 1 ] || form=amz-json-1.1
	rm -f "$work/answer"
	region=$(metadata meta-data/placement/region) || return 1
	domain=$(metadata meta-data/services/domain) || return 1 # another in China
	profile=$(metadata meta-data/iam/security-credentials/) || return 1
	metadata "meta-data/iam/security-credentials/$profile" >"$work/credentials" || return 1
	status=$(python3 -c '
import json, sys
held = json.load(open(sys.argv[1]))
print("user =", json.dumps(held["AccessKeyId"] + ":" + held["SecretAccessKey"]))
print("header =", json.dumps("X-Amz-Security-Token: " + held["Token"]))
' "$work/credentials" | curl -s -m 15 -K - --aws-sigv4 "aws:amz:$region:$1" \
		${2:+-H "X-Amz-Target: $2"} -H "Content-Type: application/x-$form" \
		--data-binary @"$work/request" -o "$work/answer" -w '%{http_code}' \
		"https://$1.$region.$domain/")
	[ "$status" = 200 ]
}

# What AWS said of a call that it refused; never the whole answer, which may hold a value.
aws_said() {
	answer=$(field "$work/answer" message 2>/dev/null || field "$work/answer" Message 2>/dev/null)
	case $answer in
	"Signature expired"* | "Signature not yet current"*)
		answer="$answer; this machine's clock is off: see chronyc tracking, or timedatectl"
		;;
	esac
	echo "$answer"
}

# get_secret ID [STAGE]: 0 and the value in $work/value; 3 when nobody has written one yet; 1 otherwise.
get_secret() {
	printf '{"SecretId": "%s"%s}' "$1" "${2:+, \"VersionStage\": \"$2\"}" >"$work/request"
	aws_call secretsmanager secretsmanager.GetSecretValue
	if [ "$status" = 200 ]; then
		field "$work/answer" SecretString >"$work/value"
	elif grep -q ResourceNotFoundException "$work/answer" 2>/dev/null &&
		grep -q "${2:-AWSCURRENT}" "$work/answer"; then
		return 3 # the secret is there and empty; a secret that is gone reads otherwise
	else
		why="the secret $1 cannot be read (HTTP status $status): see the role's policy and the route to AWS; $(aws_said)"
		return 1
	fi
}

# put_secret ID FILE [STAGE]; AWS wants the token of a request from whoever has no SDK.
put_secret() {
	python3 -c '
import json, sys, uuid
value = open(sys.argv[2]).read().strip()
print(json.dumps({"SecretId": sys.argv[1], "SecretString": value, "VersionStages": [sys.argv[3]],
                  "ClientRequestToken": str(uuid.uuid4())}))
' "$1" "$2" "${3:-AWSCURRENT}" >"$work/request"
	aws_call secretsmanager secretsmanager.PutSecretValue
}

engine() { # engine METHOD PATH [curl arguments]: Docker's API, so that no token is an argument
	method=$1 path=$2
	shift 2
	: >"$work/engine"
	curl -s -m 60 -X "$method" --unix-socket /var/run/docker.sock -o "$work/engine" \
		-w '%{http_code}' "$@" "http://docker$path"
}

engine_json() { # METHOD PATH BODY-OR-@FILE
	engine "$1" "$2" -H 'Content-Type: application/json' -d "$3"
}

swarm_state() { timeout 30 docker info --format '{{.Swarm.LocalNodeState}}' 2>/dev/null; }

install_packages() {
	if command -v apt-get >/dev/null; then
		export DEBIAN_FRONTEND=noninteractive
		timeout 300 apt-get -q -o DPkg::Lock::Timeout=120 update &&
			timeout 600 apt-get -q -y -o DPkg::Lock::Timeout=120 \
				-o Dpkg::Options::=--force-confold install "$@"
	else
		timeout 600 dnf -q -y install "$@"
	fi
}

# Docker's own packages at the version asked for: docker-ce for Debian and Ubuntu, whose
# package names carry an epoch; Amazon Linux builds its own. In a subshell: apt must be able to
# read what this writes, and nobody what the rest of the script writes.
install_engine() (
	umask 022
	. /etc/os-release
	case $ENGINE_VERSION in *.*.*) version="$ENGINE_VERSION-*" ;; *) version="$ENGINE_VERSION.*" ;; esac
	if [ -z "$ENGINE_VERSION" ]; then
		case $ID in amzn) install_packages docker ;; *) install_packages docker.io ;; esac &&
			{ command -v docker >/dev/null || install_packages docker-cli; } # of its own from Debian 13 on
	elif [ "$ID" = amzn ]; then
		install_packages "docker-$version"
	else
		install -d -m 0755 /etc/apt/keyrings &&
			curl -fsS -m 30 -o /etc/apt/keyrings/docker.asc "https://download.docker.com/linux/$ID/gpg" &&
			echo "deb [signed-by=/etc/apt/keyrings/docker.asc] https://download.docker.com/linux/$ID $VERSION_CODENAME stable" \
				>/etc/apt/sources.list.d/docker.list &&
			install_packages "docker-ce=5:$version" "docker-ce-cli=5:$version" containerd.io
	fi
)

# An upgrade that comes by night restarts Docker on every node at once; a raised generation does in turn.
hold_engine() {
	command -v apt-mark >/dev/null || return 0
	held=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' docker.io docker-cli docker-ce docker-ce-cli \
		containerd containerd.io runc 2>/dev/null | sed -n 's/^ii *//p' | tr '\n' ' ')
	[ -n "$held" ] || return 0
	for _ in 1 2 3 4 5 6; do # another may hold dpkg's lock, for which apt-mark does not wait
		! echo "$held" | timeout 60 xargs apt-mark -qq hold || return 0
		sleep 10
	done
	say "Docker's packages are not held, and an upgrade may restart it: run apt-mark hold $held"
}

ensure_engine() {
	until command -v curl >/dev/null; do
		why="curl cannot be installed: see the lines above"
		install_packages curl || pause
	done
	until command -v dockerd >/dev/null && command -v docker >/dev/null; do
		why="Docker cannot be installed: see the lines above"
		{ install_engine && command -v docker >/dev/null; } || pause
	done
	configure_engine
	timeout 120 systemctl -q enable --now docker || say "docker does not start yet"
	until [ -n "$(swarm_state)" ]; do
		why="dockerd does not answer: see journalctl -u docker"
		pause
	done
}

# An image's engine is used as it is, and the plan was checked for the declared one: an older one
# may send encrypted networks in clear (ES-4).
is_declared_engine() {
	[ -n "$ENGINE_VERSION" ] || return 0
	until engine_version=$(timeout 30 docker version --format '{{.Server.Version}}'); do
		why="dockerd does not tell its version: see journalctl -u docker"
		pause
	done
	case $engine_version in
	"$ENGINE_VERSION" | "$ENGINE_VERSION"[.+~-]*) ;;
	*) return 1 ;;
	esac
}

# write_daemon_json [LABEL]: what the image's own says besides stays; 3 when there is nothing to change,
# 4 when it is no JSON.
write_daemon_json() {
	python3 -c '
import json, os, sys
path = "/etc/docker/daemon.json"
try:
    held = json.load(open(path)) if os.path.exists(path) else {}
except ValueError:
    sys.exit(4)
wanted = {**held, **json.load(open("/etc/swarm/daemon.json"))}
if sys.argv[1:]:
    wanted["labels"] = [*wanted.get("labels", []), sys.argv[1]]
if wanted == held:
    sys.exit(3)
with open(path + ".new", "w") as file:
    json.dump(wanted, file, indent=1)
os.chmod(path + ".new", 0o644)
os.rename(path + ".new", path)
' "$@"
}

configure_engine() {
	mkdir -p /etc/docker
	write_daemon_json
	case $? in
	0) timeout 120 systemctl -q try-restart docker || say "docker does not start with /etc/docker/daemon.json yet" ;;
	3) ;;
	4) fail "/etc/docker/daemon.json of the image is not JSON; correct it in the image" ;;
	*) fail "/etc/docker/daemon.json cannot be written: see the line above" ;;
	esac
}

is_ours() { [ "$(cat "$machine" 2>/dev/null)" = "$identity" ]; }

# An image made of a machine that was in a swarm brings that swarm with it: it is another's.
leave_the_images_swarm() {
	until identity=$(metadata meta-data/instance-id) && [ -n "$identity" ]; do
		why="the metadata service does not answer"
		pause
	done
	! is_ours || return 0
	rm -f "$joined" "$published" "$in_service" "$came_back" "$let_in" /etc/swarm/ingress
	until [ "$(swarm_state)" = inactive ]; do
		why="the swarm that the image brought cannot be left: see journalctl -u docker"
		timeout 60 docker swarm leave --force >/dev/null 2>&1 || pause
	done
	echo "$identity" >"$machine"
}

# Swarm makes one with its own settings when it finds none.
make_gwbridge() {
	[ ! -e "$joined" ] && [ ! -e "$came_back" ] || return 0 # containers may hang on it
	while :; do
		case $(swarm_state) in
		active | pending | locked | error) return ;; # made before the join
		inactive)
			engine DELETE /networks/docker_gwbridge >/dev/null
			[ "$(engine_json POST /networks/create "$GWBRIDGE")" != 201 ] || return
			why="docker_gwbridge cannot be made: $(cat "$work/engine")"
			;;
		*) why="dockerd does not answer: see journalctl -u docker" ;;
		esac
		pause
	done
}

# ingress as declared in place of the one that swarm made: on the first manager, before any token
# is handed over, so that no other node and no service knows the old one. The old one goes in the
# background, and until then the new one is refused.
make_ingress() {
	while [ ! -e /etc/swarm/ingress ]; do
		get_secret "$WORKER_SECRET"
		case $? in
		0) return ;; # the swarm has long been handed over: this machine only joined it
		3)
			engine DELETE /networks/ingress >/dev/null
			if [ "$(engine_json POST /networks/create "$INGRESS")" = 201 ]; then
				: >/etc/swarm/ingress
				return
			fi
			why="ingress cannot be made: $(cat "$work/engine")"
			;;
		esac
		pause
	done
}

# Managers share one ssh host key, made with the stack, so that clients know it beforehand.
install_host_key() {
	[ -n "$HOST_KEY_SECRET" ] || return 0
	until get_secret "$HOST_KEY_SECRET"; do
		[ $? -ne 3 ] || why="the secret $HOST_KEY_SECRET has no value yet"
		pause
	done
	if ! cmp -s "$work/value" /etc/ssh/ssh_host_ed25519_key; then
		install -m 0600 "$work/value" /etc/ssh/ssh_host_ed25519_key
		ssh-keygen -y -f /etc/ssh/ssh_host_ed25519_key >/etc/ssh/ssh_host_ed25519_key.pub
	fi
	grep -qi '^ *include *"*/etc/ssh/sshd_config.d/' /etc/ssh/sshd_config ||
		sed -i '1i Include /etc/ssh/sshd_config.d/10-swarm.conf' /etc/ssh/sshd_config
	systemctl try-reload-or-restart ssh 2>/dev/null || systemctl try-reload-or-restart sshd
}

# Make the swarm: on the first manager, only while nobody has written a token, and not while
# another manager answers, should the secret ever have been emptied.
init_swarm() {
	read_managers || return
	for manager in $managers; do
		if [ "$manager" != "$address" ] && reachable "$manager"; then
			why="the secret $WORKER_SECRET is empty, yet $manager is a manager already: put the worker token there"
			return
		fi
	done
	printf '{"ListenAddr": "%s", "AdvertiseAddr": "%s", "DataPathAddr": "%s", "DataPathPort": %s, "DefaultAddrPool": %s, "SubnetSize": %s, "Spec": {}}' \
		"$LISTEN_ADDR" "$address" "$DATA_PATH_ADDR" "$DATA_PATH_PORT" "$DEFAULT_ADDR_POOL" "$SUBNET_SIZE" >"$work/init"
	code=$(engine_json POST /swarm/init @"$work/init")
	if [ "$code" = 200 ]; then
		say "made a new swarm"
	else
		why="swarm init was refused: $(cat "$work/engine")"
	fi
}

# Hand the tokens over, at first and when they were rotated: the worker's last, because its
# presence says that a swarm exists. Again when they were rotated meanwhile, or an old one stays.
publish_tokens() {
	until [ "$(engine GET /swarm)" = 200 ] && cp "$work/engine" "$work/swarm" &&
		publish_token "$MANAGER_SECRET" Manager && publish_token "$WORKER_SECRET" Worker &&
		why="dockerd does not tell the tokens: see journalctl -u docker" &&
		[ "$(engine GET /swarm)" = 200 ] && [ "$(digest "$work/engine")" = "$(digest "$work/swarm")" ]; do
		pause
	done
	digest "$work/swarm" >"$published"
}

digest() {
	python3 -c '
import hashlib, json, sys
print(hashlib.sha256(json.dumps(json.load(open(sys.argv[1]))["JoinTokens"], sort_keys=True).encode()).hexdigest())
' "$1"
}

# The leader alone hands tokens over, and asks AWS only when they are not those it knows; not before
# the first run is done, or nodes would join while ingress is still being made.
upkeep() {
	[ -e "$joined" ] || return 0
	{ identity=$(metadata meta-data/instance-id) && is_ours; } || return 0 # an image's own swarm
	[ "$(swarm_state)" != locked ] || unlock || fail "the swarm is locked, and $why"
	if taken_out; then
		come_back
		return
	fi
	if [ "$(timeout 30 docker node inspect --format '{{.ManagerStatus.Leader}}' self 2>/dev/null)" != true ]; then
		rm -f "$let_in" # another hands it over, and this one does anew when it leads
		return
	fi
	tend_the_pools
	[ "$(engine GET /swarm)" = 200 ] || return 0
	[ "$(digest "$work/engine")" = "$(cat "$published" 2>/dev/null)" ] || publish_tokens
	let_in_again # a secret that has no value yet would take this for its value
}

# Somebody took this machine out, and an update lets it in again. It is told by AWS, since managers do
# not hear it. Not by a token that was rotated: that shuts out whoever is not trusted any more.
come_back() {
	get_secret "$WORKER_SECRET" "$let_in_stage"
	case $? in
	0) ;;
	3) return 0 ;;
	*) say "this machine was taken out of the swarm, and cannot see whether it is let in again: $why" && return 0 ;;
	esac
	by=$(sed -n "s/^$identity //p" "$work/value")
	[ -n "$by" ] && [ "$by" != "$(cat "$came_back" 2>/dev/null)" ] || return 0
	say "this machine was taken out of the swarm and is let in again: joining"
	timeout 60 docker swarm leave --force >/dev/null 2>&1
	[ "$(swarm_state)" = inactive ] || return 0 # and again when it is looked next
	echo "$by" >"$came_back"
	rm -f "$joined" "$published"
	systemctl restart --no-block swarm-bootstrap
}

# A config for each is made by whoever lets one in (provider/node.py), and names its machine. One that
# an update left when it was killed ends with its time.
let_in_again() {
	[ "$(engine GET /configs?filters=%7B%22name%22:%5B%22$let_in_config%22%5D%7D)" = 200 ] || return 0
	python3 -c '
import datetime, json, sys
now = datetime.datetime.now(datetime.timezone.utc)
for config in json.load(open(sys.argv[1])):
    since = datetime.datetime.fromisoformat(config["CreatedAt"][:19] + "+00:00")
    if (now - since).total_seconds() < 600:
        print(config["Spec"]["Name"][len(sys.argv[2]):], config["ID"])
' "$work/engine" "$let_in_config" | sort >"$work/let-in"
	! cmp -s "$work/let-in" "$let_in" || return 0
	{ echo "let in again:" && cat "$work/let-in"; } >"$work/told"
	if put_secret "$WORKER_SECRET" "$work/told" "$let_in_stage"; then
		cp "$work/let-in" "$let_in"
	else
		say "machines cannot be let in again, by the secret $WORKER_SECRET (HTTP status $status): $(aws_said)"
	fi
}

tend_the_pools() {
	[ "$(engine GET /nodes)" = 200 ] && cp "$work/engine" "$work/nodes" || return 0
	drain_the_leaving
	reap
}

# A machine of a pool that is about to go says so by a label of its engine (be_drained).
drain_the_leaving() {
	python3 -c '
import json, sys
for node in json.load(open(sys.argv[1])):
    labels = node["Description"]["Engine"].get("Labels") or {}
    if {"swarm.pool", "swarm.leaving"} <= labels.keys() and node["Spec"]["Availability"] != "drain":
        print(node["ID"], node["Version"]["Index"], json.dumps({**node["Spec"], "Availability": "drain"}))
' "$work/nodes" >"$work/leaving"
	while read -r id version spec; do
		[ "$(engine_json POST "/nodes/$id/update?version=$version" "$spec")" != 200 ] || say "drained $id, which is about to go"
	done <"$work/leaving"
}

# Machines of pools come and go without Pulumi: what has been down for longer than a reboot takes is
# gone for good. Their label tells them from machines that Pulumi itself takes out. It is the machine's
# own word, so no more than a label here, and on one line whatever it is. And a join that broke off
# when it had its certificate stays on the list without a name, for ever, since its machine joins
# again as another node.
reap() {
	python3 -c '
import datetime, json, sys
now = datetime.datetime.now(datetime.timezone.utc)
def is_old(time):
    since = datetime.datetime.fromisoformat(time[:19] + "+00:00")
    return (now - since).total_seconds() > int(sys.argv[2])
for node in json.load(open(sys.argv[1])):
    said, state = node["Description"], node["Status"]["State"]
    pool = (said["Engine"].get("Labels") or {}).get("swarm.pool")
    if pool and state == "down" and is_old(node["UpdatedAt"]):
        print(node["ID"], "of pool", json.dumps(pool))
    elif not said.get("Hostname") and state in ("down", "unknown") and is_old(node["CreatedAt"]):
        print(node["ID"], "of a broken join")
' "$work/nodes" "$REAP_AFTER_SECONDS" >"$work/gone"
	while read -r id which; do
		[ "$(engine DELETE "/nodes/$id?force=true")" != 200 ] || say "took $id $which off the list"
	done <"$work/gone"
}

unlock() {
	get_secret "$UNLOCK_KEY_SECRET"
	case $? in
	0) ;;
	3) why="the secret $UNLOCK_KEY_SECRET is empty: unlock it with docker swarm unlock" && return 1 ;;
	*) return 1 ;;
	esac
	python3 -c 'import json, sys; print(json.dumps({"UnlockKey": open(sys.argv[1]).read().strip()}))' \
		"$work/value" >"$work/unlock"
	# Docker answers when the swarm has a quorum, which may be after the others are open too.
	engine_json POST /swarm/unlock @"$work/unlock" >/dev/null
	if [ "$(swarm_state)" = locked ]; then
		why="the key in $UNLOCK_KEY_SECRET does not open it: $(cat "$work/engine")"
		return 1
	fi
	say "unlocked the swarm"
}

complete_hook() { # HOOK: tell the group that this machine has done what the hook waits for
	identity=$(metadata meta-data/instance-id) || return 1
	printf 'Version=2011-01-01&Action=CompleteLifecycleAction&AutoScalingGroupName=%s&LifecycleHookName=%s&InstanceId=%s&LifecycleActionResult=CONTINUE' \
		"$AUTOSCALING_GROUP" "$1" "$identity" >"$work/request"
	aws_call autoscaling
}

# On a machine of a pool: tell the group when it has joined, and leave the swarm before the machine
# ends, so that managers need not find out; the group waits for both by its hooks. A machine that was
# taken out, after it had been cut off for long, ends itself, and the group makes another.
serve_the_group() {
	left=no turn=0 out=0
	while :; do
		if [ -e "$joined" ] && [ ! -e "$in_service" ]; then
			complete_hook join
			if [ "$status" = 200 ] || grep -q "No active Lifecycle Action" "$work/answer" 2>/dev/null; then
				: >"$in_service" # or nobody waits for it any more; other refusals, as of too many calls, pass
			fi
		fi
		target=$(metadata meta-data/autoscaling/target-lifecycle-state)
		if [ $left = no ] && { [ "$target" = Terminated ] || metadata meta-data/spot/instance-action >/dev/null; }; then
			say "this machine is about to be taken: leaving the swarm"
			be_drained
			timeout 120 docker swarm leave --force
			left=yes
		fi
		if [ "$target" = Terminated ]; then
			! complete_hook leave || return 0
			say "the lifecycle action cannot be completed (HTTP status $status); trying again"
		elif [ $left = no ] && [ -e "$joined" ] && [ $((turn = (turn + 1) % 12)) -eq 0 ]; then # once a minute
			if taken_out; then out=$((out + 1)); else out=0; fi
			[ $out -lt 2 ] || end_the_machine # Docker may only have been restarting
		fi
		sleep 5
	done
}

# Leaving ends containers at once, without their grace period. A worker has no say over its own
# availability, but its engine's labels reach the managers within 20 s (swarmkit agent/agent.go), and
# the leader drains a node that has this one. Not for ever: a spot machine has two minutes.
be_drained() {
	end=$(($(date +%s) + 90))
	runs_tasks || return 0
	write_daemon_json swarm.leaving=yes
	timeout 30 systemctl reload docker
	while runs_tasks; do
		[ "$(date +%s)" -lt $end ] || { say "leaving with tasks that still run after 90 s" && return; }
		sleep 2
	done
}

runs_tasks() { [ -n "$(timeout 30 docker ps -q --filter label=com.docker.swarm.task.id)" ]; }

end_the_machine() {
	say "this machine was taken out of the swarm: powering off, so that its group makes another"
	systemctl poweroff
	exit 0
}

# Docker goes on calling it active, and its journal may never say a word: a manager that does not lead
# passes its calls on, and of those the leader refuses none (swarmkit ca/auth.go). So each manager is
# asked directly. Of Docker's errors two are for good; a manager tells the second that was removed
# before it had the certificate of a worker.
taken_out() {
	timeout 30 docker info --format '{{.Swarm.LocalNodeState}} {{.Swarm.NodeID}} {{.DockerRootDir}}{{range .Swarm.RemoteManagers}} {{.Addr}}{{end}}' \
		>"$work/info" 2>/dev/null
	read -r state id root managers <"$work/info" || return 1
	case $state in
	inactive) return 0 ;;
	error) ! timeout 30 docker info --format '{{.Swarm.Error}}' 2>/dev/null | grep -q 'certificates have expired\|was removed from swarm' || return 0 ;;
	esac
	certificates=$root/swarm/certificates
	for manager in $managers; do
		! heartbeat "$manager" | grep -q "^grpc-message: .*node $id was removed from swarm" || return 0
	done
	return 1
}

# heartbeat MANAGER: what it answers, when asked as an agent asks, but for no session, which changes
# nothing. OpenSSL does not read a key with the header that Docker writes into it.
heartbeat() {
	printf '\0\0\0\0\0' >"$work/request" # an empty message of gRPC
	sed '/^kek-version: /,/^$/d' "$certificates/swarm-node.key" |
		curl -s -m 10 --http2 --cacert "$certificates/swarm-root-ca.crt" \
			--cert "$certificates/swarm-node.crt" --key /dev/stdin \
			--connect-to "swarm-manager:2377:$1" --data-binary @"$work/request" \
			-H 'Content-Type: application/grpc' -H 'TE: trailers' -D - -o /dev/null \
			https://swarm-manager:2377/docker.swarmkit.v1.Dispatcher/Heartbeat
}

publish_token() { # SECRET KIND: the token of $work/swarm, unless it is there already
	python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["JoinTokens"][sys.argv[2]])' \
		"$work/swarm" "$2" >"$work/token"
	get_secret "$1"
	case $? in
	0) ! cmp -s "$work/value" "$work/token" || return 0 ;;
	1) return 1 ;;
	esac
	put_secret "$1" "$work/token" && return
	why="the secret $1 cannot be written (HTTP status $status): see the role's policy; $(aws_said)"
	return 1
}

reachable() {
	python3 -c 'import socket, sys; socket.create_connection((sys.argv[1], 2377), 3)' "$1" 2>/dev/null
}

read_managers() { # the addresses of all managers, in $managers
	printf '{"Name": "%s"}' "$ADDRESSES_PARAMETER" >"$work/request"
	aws_call ssm AmazonSSM.GetParameter || {
		why="the parameter $ADDRESSES_PARAMETER cannot be read (HTTP status $status)"
		return 1
	}
	managers=$(python3 -c '
import json, sys
print(json.load(open(sys.argv[1]))["Parameter"]["Value"].replace(",", " "))
' "$work/answer")
}

# Docker sends the packets of overlays under the address that the routes choose, and the other nodes
# drop them when that is not the one that this node tells (moby#53004).
leaves_under_its_address() {
	[ -n "$ADVERTISE_ADDR" ] || return 0
	[ -z "$DATA_PATH_ADDR" ] || return 0
	read_managers || return
	for manager in $managers; do
		from=$(ip -4 route get "$manager" | sed -n 's/.* src \([0-9.]*\) .*/\1/p')
		[ "$from" = "$address" ] || {
			why="packets leave under another address than $address, which it advertises: other nodes would drop those to $manager from ${from:-none}; give its routes \"src $address\""
			return 1
		}
	done
}

# Join by every manager that answers; the token is in $work/value.
join_swarm() {
	read_managers || return
	set --
	for manager in $managers; do
		[ "$manager" = "$address" ] || ! reachable "$manager" || set -- "$@" "$manager:2377"
	done
	why="no manager answers on tcp 2377 ($managers): see their state and the firewall"
	[ $# -gt 0 ] || return
	python3 -c '
import json, sys
token = open(sys.argv[1]).read().strip()
print(json.dumps({"ListenAddr": sys.argv[2], "AdvertiseAddr": sys.argv[3], "DataPathAddr": sys.argv[4],
                  "RemoteAddrs": sys.argv[5:], "JoinToken": token}))
' "$work/value" "$LISTEN_ADDR" "$address" "$DATA_PATH_ADDR" "$@" >"$work/join"
	code=$(engine_json POST /swarm/join @"$work/join")
	why="the join goes on: see journalctl -u docker"
	[ "$code" = 200 ] || why="swarm join by $* was refused (HTTP status $code): $(cat "$work/engine")"
}

# A swarm exists when there is a worker token; then join, with the token of this machine's role.
find_swarm() {
	get_secret "$WORKER_SECRET"
	case $? in
	0) [ "$ROLE" = worker ] || get_secret "$MANAGER_SECRET" || return ;;
	3)
		if [ "$MAY_INIT" = yes ]; then init_swarm; else why="no manager has made the swarm yet"; fi
		return
		;;
	*) return ;;
	esac
	join_swarm
}

swarm_folder() { echo "$(timeout 30 docker info --format '{{.DockerRootDir}}')/swarm"; }

# A join that failed half-way is taken back, but only on a machine that was never in the swarm: on
# one that was, Docker finds its way back by itself, and leaving would destroy what it holds. A
# manager that holds a raft log counts for the quorum already.
give_up_join() {
	[ ! -e "$joined" ] || return 0
	[ ! -e "$(swarm_folder)/raft" ] || return 0
	timeout 60 docker swarm leave --force >/dev/null 2>&1
}

enter_swarm() {
	while :; do
		case $(swarm_state) in
		active) return ;;
		locked) unlock || why="the swarm is locked, and $why" ;;
		pending) # a join goes on in the background; one that never ends is taken back
			why="a join is pending: see journalctl -u docker"
			pending=$((${pending:-0} + 1))
			# With a certificate it is on the managers' list, and would be there twice.
			[ $((pending % 20)) -ne 0 ] || [ -e "$(swarm_folder)/certificates/swarm-node.crt" ] || give_up_join
			;;
		error)
			why="Docker reports an error of its swarm: see journalctl -u docker"
			give_up_join
			;;
		inactive)
			[ ! -e "$joined" ] || fail "it was in the swarm and was taken out of it; docker node rm it where it is still listed, then pulumi refresh and pulumi up let it in again; a raised generation replaces it"
			find_swarm
			;;
		*) why="dockerd does not answer: see journalctl -u docker" ;;
		esac
		[ "$(swarm_state)" = active ] || pause
	done
}

umask 077
trap 'rm -f "$work"/*' EXIT # tokens and credentials are needed for no longer than this runs
case ${1:-} in
upkeep)
	upkeep
	exit
	;;
serve-the-group)
	serve_the_group
	exit
	;;
esac
ensure_engine
leave_the_images_swarm
[ -e "$joined" ] || is_declared_engine ||
	fail "Docker is $engine_version here, and engineVersion is $ENGINE_VERSION: take an ami with that, or correct engineVersion"
until address=${ADVERTISE_ADDR:-$(metadata meta-data/local-ipv4)} && [ -n "$address" ]; do
	why="the metadata service does not answer"
	pause
done
until leaves_under_its_address; do
	[ ! -e "$joined" ] || { say "$why" && break; } # the swarm needs it more than its overlays do
	pause
done
install_host_key
make_gwbridge
enter_swarm
[ -z "$INGRESS" ] || [ -e "$joined" ] || make_ingress
: >"$joined"
[ "$MAY_INIT" != yes ] || publish_tokens
say "$(hostname) is in the swarm"
hold_engine
