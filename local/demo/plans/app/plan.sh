pkg_origin=demo
pkg_name=app
pkg_version=1.0.0
pkg_description="A program that runs demo/left and demo/right"
pkg_license=("Apache-2.0")
pkg_deps=(demo/left demo/right)
pkg_bin_dirs=(bin)

. "$PLAN_CONTEXT/../program.sh"

do_install() {
  install_program <<SCRIPT
#!/bin/sh
"$(installed demo/left)/bin/left"
"$(installed demo/right)/bin/right"
SCRIPT
}
