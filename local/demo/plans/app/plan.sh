pkg_origin=demo
pkg_name=app
pkg_version=1.0.0
pkg_description="A program that runs demo/left and demo/right"
pkg_license=("Apache-2.0")
pkg_deps=(demo/left demo/right)
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
  cat >"$pkg_prefix/bin/app" <<SCRIPT
#!/bin/sh
"$(installed demo/left)/bin/left"
"$(installed demo/right)/bin/right"
SCRIPT
  chmod 755 "$pkg_prefix/bin/app"
}
