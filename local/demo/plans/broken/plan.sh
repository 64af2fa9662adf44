pkg_origin=demo
pkg_name=broken
pkg_version=1.0.0
pkg_description="A package whose check fails with the next version of demo/lib"
pkg_license=("Apache-2.0")
pkg_deps=(demo/lib)

do_build() {
  return 0
}

do_check() {
  . "$(pkg_path_for demo/lib)/lib/greeting.sh"
  echo "The check expects the first version of demo/lib:"
  greet broken
  greet broken | grep -F "lib 1.0.0"
}

DO_CHECK=true

do_install() {
  mkdir -p "$pkg_prefix"
  echo "built" >"$pkg_prefix/README"
}
