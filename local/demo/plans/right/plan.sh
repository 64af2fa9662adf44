pkg_origin=demo
pkg_name=right
pkg_version=1.0.0
pkg_description="A program that needs demo/lib"
pkg_license=("Apache-2.0")
pkg_deps=(demo/lib)
pkg_bin_dirs=(bin)

# Programs find their dependencies below /hab/pkgs, also if the package was built in another folder.
installed() {
  local built
  built=$(pkg_path_for "$1")
  echo "\${FS_ROOT:-}/hab/pkgs/${built##*/pkgs/}"
}

do_build() {
  return 0
}

do_install() {
  mkdir -p "$pkg_prefix/bin"
  cat >"$pkg_prefix/bin/right" <<SCRIPT
#!/bin/sh
. "$(installed demo/lib)/lib/greeting.sh"
greet right
SCRIPT
  chmod 755 "$pkg_prefix/bin/right"
}
