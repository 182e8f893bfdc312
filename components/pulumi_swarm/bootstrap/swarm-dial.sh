#!/bin/sh
# All that the login can run: a way to this manager's Docker while that manages the swarm, and
# Docker's own commands for a swarm that needs help. A daemon that is locked, or has no quorum,
# would answer the Docker provider with an error, which that takes for "the network is gone" and
# forgets it (KD-6).
set -f
case ${SSH_ORIGINAL_COMMAND:-} in
"docker swarm "* | "docker node "* | "docker info")
	# shellcheck disable=SC2086 # split into words, and no more: no shell reads them
	exec $SSH_ORIGINAL_COMMAND
	;;
"" | *dial-stdio*) ;;
*)
	echo "this login runs docker system dial-stdio, docker swarm ..., docker node ... and docker info" >&2
	exit 1
	;;
esac
# By curl: the Docker provider dials several times for each network, and docker takes 25 ms to start.
# What comes of an answer that breaks off is not said, since it may hold the join tokens.
said=$(curl -s -m 20 -w ' %{http_code}' --unix-socket /var/run/docker.sock http://docker/swarm) ||
	said='{"message":"Docker does not answer"} 000'
if [ "${said##* }" != 200 ]; then
	message=${said#*\"message\":\"}
	echo "$(hostname) does not manage the swarm now: ${message%\"\}*}" >&2
	exit 1
fi
exec docker system dial-stdio
