# What the plans of the programs have in common.

do_build() {
  return 0
}

# Print the folder of a dependency after its installation: programs find it below /hab/pkgs, wherever they were built.
installed() {
  local built
  built=$(pkg_path_for "$1")
  echo "\${FS_ROOT:-}/hab/pkgs/${built##*/pkgs/}"
}

# Install the script on standard input as the program of the package.
install_program() {
  mkdir -p "$pkg_prefix/bin"
  cat >"$pkg_prefix/bin/$pkg_name"
  chmod 755 "$pkg_prefix/bin/$pkg_name"
}
