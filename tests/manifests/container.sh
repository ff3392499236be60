# A container of a pod, as process 1 of namespaces of its own: container.sh ROOT MOUNTS COMMAND...
# ROOT is an empty folder. MOUNTS is a file with a line a mount: source, target and ro or rw,
# separated by tabs. The root itself is read-only, as readOnlyRootFilesystem makes it.
set -eu
root=$1 mounts=$2
shift 2

mount -t tmpfs -o mode=0755 tmpfs "$root"
mkdir "$root/proc" "$root/dev" "$root/dev/shm" "$root/etc" "$root/usr"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777,size=64m tmpfs "$root/dev/shm"
for device in null zero full random urandom; do
  : >"$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
for folder in bin lib lib64 sbin; do
  [ ! -e "/$folder" ] || ln -s "usr/$folder" "$root/$folder"
done

tab=$(printf '\t')
while IFS=$tab read -r source target mode; do
  if [ -d "$source" ]; then
    mkdir -p "$root$target"
  else
    mkdir -p "$(dirname "$root$target")"
    [ -e "$root$target" ] || : >"$root$target"
  fi
  mount --bind "$source" "$root$target"
  [ "$mode" = rw ] || mount -o remount,bind,ro "$root$target"
done <"$mounts"
mount -o remount,ro "$root"

exec /usr/sbin/chroot "$root" setpriv --ambient-caps=-all --inh-caps=-all --no-new-privs -- "$@"
