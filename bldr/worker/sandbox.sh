#!/bin/bash
# Runs a program in a file system of its own. Called by bldr/worker/sandbox.py within new mount and process namespaces:
#   sandbox.sh <empty folder> <user id, or - for the mapped root> <mount>... -- <program> <argument>...
# A mount is <ro|rw>:<host path>:<path inside>. The host's programs and libraries are mounted read-only.
set -eu
root=$1 user=$2
shift 2

mount -t tmpfs -o size=4m,mode=755,nosuid,nodev scratch "$root"

read_only() {
  mount --rbind "$1" "$2"
  mount -o remount,bind,ro,nosuid "$2" 2>/dev/null || mount -o remount,bind,ro "$2"
}

for folder in /usr /bin /sbin /lib /lib32 /lib64 /libx32; do
  if [ -L "$folder" ]; then
    ln -s "$(readlink "$folder")" "$root$folder"
  elif [ -d "$folder" ]; then
    mkdir "$root$folder"
    read_only "$folder" "$root$folder"
  fi
done

mkdir "$root/etc" "$root/proc" "$root/dev" "$root/tmp" "$root/outside"
for file in ld.so.cache ld.so.conf ld.so.conf.d hosts resolv.conf nsswitch.conf services protocols localtime mime.types; do
  if [ -e "/etc/$file" ]; then cp -rL "/etc/$file" "$root/etc/$file" 2>/dev/null || true; fi
done
for folder in /etc/ssl /etc/pki /etc/ca-certificates /etc/alternatives; do
  if [ -d "$folder" ]; then mkdir "$root$folder"; read_only "$folder" "$root$folder"; fi
done
inside=$([ "$user" = - ] && echo 0 || echo "$user")
printf 'hab:x:%s:%s::/tmp:/bin/bash\n' "$inside" "$inside" >"$root/etc/passwd"
printf 'hab:x:%s:\n' "$inside" >"$root/etc/group"

mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
for device in null zero full random urandom; do
  : >"$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
ln -s /proc/self/fd "$root/dev/fd"
ln -s fd/0 "$root/dev/stdin"
ln -s fd/1 "$root/dev/stdout"
ln -s fd/2 "$root/dev/stderr"
mkdir "$root/dev/shm"
mount -t tmpfs -o size=64m,mode=1777,nosuid,nodev shm "$root/dev/shm"

while [ "$1" != -- ]; do
  IFS=: read -r mode source path <<<"$1"
  shift
  if [ -d "$source" ]; then mkdir -p "$root$path"; else mkdir -p "$(dirname "$root$path")"; : >"$root$path"; fi
  if [ "$mode" = ro ]; then read_only "$source" "$root$path"; else mount --bind "$source" "$root$path"; fi
done
shift

cd "$root"
pivot_root . outside
umount -l /outside
rmdir /outside
mount -o remount,bind,ro,nosuid,nodev /
identity=()
if [ "$user" != - ]; then identity=(--reuid "$user" --regid "$user" --clear-groups); fi
# The change of the user forgets that this process ends with its parent (unshare --kill-child), so it is set again.
exec setpriv "${identity[@]}" --inh-caps=-all --bounding-set=-all --no-new-privs --pdeathsig KILL "$@"
