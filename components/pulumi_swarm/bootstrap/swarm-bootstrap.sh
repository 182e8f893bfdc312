#!/bin/sh
# Join this machine to its swarm or, on the first manager of a new one, make the swarm.
# Runs at every boot; on a machine that is in a swarm it changes nothing.
set -u
. /etc/swarm/node.conf
work=${RUNTIME_DIRECTORY:-/run/swarm-bootstrap} # of tmpfs and for root alone: tokens pass through it
metadata_url=http://169.254.169.254/latest
deadline=$(($(date +%s) + BOOT_TIMEOUT_SECONDS))
why="it has only just started"

say() { echo "swarm-bootstrap: $*"; }

# Every failure ends here, in one line: what, where, and what next.
fail() {
	say "failed on $(hostname) ($ROLE): $*" >&2
	exit 1
}

# Wait before another try, or give up when the time is over.
pause() {
	[ "$(date +%s)" -lt "$deadline" ] || fail "gave up after $BOOT_TIMEOUT_SECONDS s: $why; it tries again when this unit is restarted"
	sleep 2
}

field() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$1" "$2"; }

metadata() {
	curl -sf -m 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' \
		"$metadata_url/api/token" >"$work/metadata-token" || return 1
	{ printf 'X-aws-ec2-metadata-token: ' && cat "$work/metadata-token"; } |
		curl -sf -m 5 -H @- "$metadata_url/$1"
}

# aws_call SERVICE TARGET: sends $work/request; the answer goes to $work/answer, the HTTP status to
# $status. curl signs; keys and request reach it by files, so that no process list shows them.
aws_call() {
	status=none
	region=$(metadata meta-data/placement/region) || return 1
	profile=$(metadata meta-data/iam/security-credentials/) || return 1
	metadata "meta-data/iam/security-credentials/$profile" >"$work/credentials" || return 1
	status=$(python3 -c '
import json, sys
held = json.load(open(sys.argv[1]))
print("user =", json.dumps(held["AccessKeyId"] + ":" + held["SecretAccessKey"]))
print("header =", json.dumps("X-Amz-Security-Token: " + held["Token"]))
' "$work/credentials" | curl -s -m 15 -K - --aws-sigv4 "aws:amz:$region:$1" \
		-H "X-Amz-Target: $2" -H 'Content-Type: application/x-amz-json-1.1' \
		--data-binary @"$work/request" -o "$work/answer" -w '%{http_code}' \
		"https://$1.$region.amazonaws.com/")
	[ "$status" = 200 ]
}

# get_secret ID: 0 and the value in $work/value; 3 when nobody has written one yet; 1 otherwise.
get_secret() {
	printf '{"SecretId": "%s"}' "$1" >"$work/request"
	aws_call secretsmanager secretsmanager.GetSecretValue
	if [ "$status" = 200 ]; then
		field "$work/answer" SecretString >"$work/value"
	elif grep -q ResourceNotFoundException "$work/answer" 2>/dev/null &&
		grep -q AWSCURRENT "$work/answer"; then
		return 3 # the secret is there and empty; a secret that is gone reads otherwise
	else
		why="the secret $1 cannot be read (HTTP status $status): see the role's policy and the route to AWS"
		return 1
	fi
}

put_secret() {
	python3 -c '
import json, sys
value = json.load(open(sys.argv[2]))["JoinTokens"][sys.argv[3]]
print(json.dumps({"SecretId": sys.argv[1], "SecretString": value}))
' "$1" "$work/swarm" "$2" >"$work/request"
	aws_call secretsmanager secretsmanager.PutSecretValue
}

engine() { # engine METHOD PATH [curl arguments]: Docker's API, so that no token is an argument
	method=$1 path=$2
	shift 2
	curl -s -m 60 -X "$method" --unix-socket /var/run/docker.sock -o "$work/engine" \
		-w '%{http_code}' "$@" "http://docker$path"
}

swarm_state() { docker info --format '{{.Swarm.LocalNodeState}}' 2>/dev/null; }

install_packages() {
	if command -v apt-get >/dev/null; then
		export DEBIAN_FRONTEND=noninteractive
		apt-get -q -o DPkg::Lock::Timeout=120 update && apt-get -q -y -o DPkg::Lock::Timeout=120 \
			-o Dpkg::Options::=--force-confold install "$@"
	else
		dnf -q -y install "$@"
	fi
}

# Docker's own packages at the version asked for: docker-ce for Debian and Ubuntu, whose
# package names carry an epoch; Amazon Linux builds its own.
install_engine() {
	. /etc/os-release
	if [ -z "$ENGINE_VERSION" ]; then
		case $ID in amzn) install_packages docker ;; *) install_packages docker.io ;; esac
	elif [ "$ID" = amzn ]; then
		install_packages "docker-$ENGINE_VERSION*"
	else
		install -d -m 0755 /etc/apt/keyrings &&
			curl -fsS -m 30 -o /etc/apt/keyrings/docker.asc "https://download.docker.com/linux/$ID/gpg" &&
			echo "deb [signed-by=/etc/apt/keyrings/docker.asc] https://download.docker.com/linux/$ID $VERSION_CODENAME stable" \
				>/etc/apt/sources.list.d/docker.list &&
			install_packages "docker-ce=5:$ENGINE_VERSION*" "docker-ce-cli=5:$ENGINE_VERSION*" containerd.io
	fi
}

ensure_engine() {
	command -v curl >/dev/null || install_packages curl
	until command -v dockerd >/dev/null; do
		why="Docker cannot be installed: see the lines above"
		install_engine || pause
	done
	systemctl -q enable --now docker || say "docker does not start yet"
	until [ -n "$(swarm_state)" ]; do
		why="dockerd does not answer: see journalctl -u docker"
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
	systemctl try-reload-or-restart ssh 2>/dev/null || systemctl try-reload-or-restart sshd
}

# Make the swarm: on the first manager, and only while nobody has written a token.
init_swarm() {
	printf '{"ListenAddr": "0.0.0.0:2377", "AdvertiseAddr": "%s", "DataPathPort": %s, "DefaultAddrPool": %s, "SubnetSize": %s, "Spec": {}}' \
		"$address" "$DATA_PATH_PORT" "$DEFAULT_ADDR_POOL" "$SUBNET_SIZE" >"$work/init"
	code=$(engine POST /swarm/init -H 'Content-Type: application/json' -d @"$work/init")
	if [ "$code" = 200 ]; then
		say "made a new swarm"
	else
		why="swarm init was refused: $(cat "$work/engine")"
	fi
}

# Hand the tokens over: the worker's last, because its presence says that a swarm exists.
publish_tokens() {
	until get_secret "$WORKER_SECRET"; do
		if [ $? -eq 3 ]; then
			why="the join tokens cannot be written: see the role's policy"
			[ "$(engine GET /swarm)" = 200 ] && cp "$work/engine" "$work/swarm" &&
				put_secret "$MANAGER_SECRET" Manager && put_secret "$WORKER_SECRET" Worker && break
		fi
		pause
	done
}

reachable() {
	python3 -c 'import socket, sys; socket.create_connection((sys.argv[1], 2377), 3)' "$1" 2>/dev/null
}

# Join by every manager that answers; the token is in $work/value.
join_swarm() {
	printf '{"Name": "%s"}' "$ADDRESSES_PARAMETER" >"$work/request"
	aws_call ssm AmazonSSM.GetParameter || {
		why="the parameter $ADDRESSES_PARAMETER cannot be read (HTTP status $status)"
		return
	}
	managers=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["Parameter"]["Value"])' "$work/answer")
	set --
	for manager in $(echo "$managers" | tr , ' '); do
		[ "$manager" = "$address" ] || ! reachable "$manager" || set -- "$@" "$manager:2377"
	done
	why="no manager answers on tcp 2377 ($managers): see their state and the firewall"
	[ $# -gt 0 ] || return
	python3 -c '
import json, sys
token = open(sys.argv[1]).read().strip()
print(json.dumps({"ListenAddr": "0.0.0.0:2377", "AdvertiseAddr": sys.argv[2],
                  "RemoteAddrs": sys.argv[3:], "JoinToken": token}))
' "$work/value" "$address" "$@" >"$work/join"
	code=$(engine POST /swarm/join -H 'Content-Type: application/json' -d @"$work/join")
	why="swarm join by $* was refused (HTTP status $code): $(cat "$work/engine")"
}

enter_swarm() {
	if [ "$ROLE" = manager ]; then token=$MANAGER_SECRET; else token=$WORKER_SECRET; fi
	while :; do
		case $(swarm_state) in
		active) return ;;
		locked) fail "the swarm is locked: unlock it with docker swarm unlock" ;;
		pending) # a join goes on in the background; one that never ends is taken back
			why="a join is pending: see journalctl -u docker"
			pending=$((${pending:-0} + 1))
			[ $((pending % 20)) -ne 0 ] || docker swarm leave --force >/dev/null 2>&1
			;;
		error) docker swarm leave --force >/dev/null 2>&1 ;;
		*)
			get_secret "$token"
			case $? in
			0) join_swarm ;;
			3) if [ "$MAY_INIT" = yes ]; then init_swarm; else why="no manager has made the swarm yet"; fi ;;
			esac
			;;
		esac
		[ "$(swarm_state)" = active ] || pause
	done
}

umask 077
ensure_engine
until address=$(metadata meta-data/local-ipv4); do
	why="the metadata service does not answer"
	pause
done
install_host_key
enter_swarm
[ "$MAY_INIT" != yes ] || publish_tokens
say "$(hostname) is in the swarm"
