#!/usr/bin/env bash
# Runs a command in the Debian that `need_swift` made, as the calling user, in /checkout. The checkout and the build
# folders are mounted at the paths below. Only this command sees the mounts. They end with it, and so does every process
# that it started.
#
#   /checkout   this checkout, read-only
#   /library    the folder of the built native library, read-only
#   /build      a folder of the cache, for what the command builds
set -euo pipefail
: "${1:?usage: scripts/in-chroot.sh COMMAND [ARGUMENT...]}"
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/env.sh
. scripts/setup.sh
need_swift

as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo); fi
mkdir -p "$CARGO_TARGET_DIR/debug" "$CACHE_DIR/swift-build"
# shellcheck disable=SC2016  # for the inner shell
exec "${as_root[@]}" unshare --mount --pid --fork --kill-child bash -euc '
  place="$1" checkout="$2" library="$3" build="$4" user="$5"
  shift 5
  mount -t proc proc "$place/proc"
  mount --rbind /dev "$place/dev"
  mkdir -p "$place/checkout" "$place/library" "$place/build"
  mount --bind -o ro "$checkout" "$place/checkout"
  mount --bind -o ro "$library" "$place/library"
  mount --bind "$build" "$place/build"
  exec chroot --userspec="$user" "$place" env --ignore-environment --chdir=/checkout \
    PATH=/usr/bin:/bin HOME=/build LANG=C.UTF-8 GOMP_SPINCOUNT="$GOMP_SPINCOUNT" "$@"
' in-chroot "$SWIFT_CHROOT" "$PWD" "$CARGO_TARGET_DIR/debug" "$CACHE_DIR/swift-build" "$(id -u):$(id -g)" "$@"
