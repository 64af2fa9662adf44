#!/bin/sh
# Starts the Docker daemon in a privileged container and waits until it answers.
set -eu
dockerd >/var/log/dockerd.log 2>&1 &
for _ in $(seq 60); do
  if docker info >/dev/null 2>&1; then exit 0; fi
  sleep 1
done
tail -n 20 /var/log/dockerd.log >&2
echo "the Docker daemon did not start; does the container have the privileged mode?" >&2
exit 1
