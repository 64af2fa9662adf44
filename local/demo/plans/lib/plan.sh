pkg_origin=demo
pkg_name=lib
pkg_version=1.0.0
pkg_description="A greeting, as a library for shell scripts"
pkg_license=("Apache-2.0")

do_build() {
  return 0
}

do_install() {
  mkdir -p "$pkg_prefix/lib"
  sed "s/@version@/$pkg_version/" "$PLAN_CONTEXT/greeting.sh" >"$pkg_prefix/lib/greeting.sh"
}
