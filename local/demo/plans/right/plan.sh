pkg_origin=demo
pkg_name=right
pkg_version=1.0.0
pkg_description="A program that needs demo/lib"
pkg_license=("Apache-2.0")
pkg_deps=(demo/lib)
pkg_bin_dirs=(bin)

. "$PLAN_CONTEXT/../program.sh"

do_install() {
  install_program <<SCRIPT
#!/bin/sh
. "$(installed demo/lib)/lib/greeting.sh"
greet right
SCRIPT
}
