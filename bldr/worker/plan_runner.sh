#!/bin/bash
# Runs a plan.sh without a studio. Called by bldr/worker/plain_strategy.py, in isolation, with one of these arguments:
#   describe  write the plan's name, version and dependencies to $BLDR_RESULTS/plan
#   build     install the dependencies, run the phases, write the metadata files and $BLDR_RESULTS/files
#   pack      write the package to $BLDR_RESULTS/payload.tar.xz
# Variables and functions for plans follow the plan documentation of Habitat.
set -eE

# ---------------------------------------------------------------- environment

for _variable in "${!BLDR_ENV_@}"; do
  if [[ ${_variable#BLDR_ENV_} =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]]; then export "${_variable#BLDR_ENV_}=${!_variable}" || true; fi
  unset "$_variable"
done
_action=$1
_root=${BLDR_HAB%/hab}
_results=$BLDR_RESULTS
_artifacts=$BLDR_ARTIFACTS

HAB_PKG_PATH=$BLDR_HAB/pkgs
HAB_CACHE_PATH=$BLDR_HAB/cache
HAB_CACHE_SRC_PATH=$HAB_CACHE_PATH/src
HAB_CACHE_ARTIFACT_PATH=$HAB_CACHE_PATH/artifacts
PLAN_CONTEXT=$BLDR_PLAN_CONTEXT
SRC_PATH=$BLDR_SRC
export HAB_PKG_PATH HAB_CACHE_PATH HAB_CACHE_SRC_PATH HAB_CACHE_ARTIFACT_PATH PLAN_CONTEXT SRC_PATH
export LANG=C.UTF-8 LC_ALL=C.UTF-8 TZ=UTC
umask 022

# ---------------------------------------------------------------- variables of a plan

_unset_version=__pkg__version__unset__
pkg_origin="" pkg_name="" pkg_version=$_unset_version pkg_description="" pkg_maintainer="" pkg_upstream_url=""
pkg_source="" pkg_shasum="" pkg_filename="" pkg_dirname="" pkg_type=standard
pkg_svc_run="" pkg_svc_user="" pkg_svc_group="" pkg_shutdown_signal="" pkg_shutdown_timeout_sec=""
pkg_license=() pkg_deps=() pkg_build_deps=() pkg_bin_dirs=() pkg_lib_dirs=() pkg_include_dirs=() pkg_pconfig_dirs=()
pkg_exposes=() pkg_expose=() pkg_interpreters=() pkg_scaffolding=""
declare -A pkg_exports=() pkg_binds=() pkg_binds_optional=() pkg_env=()
pkg_release=$BLDR_RELEASE pkg_target=$BLDR_TARGET
pkg_arch=${pkg_target%%-*} pkg_sys=${pkg_target#*-}
export SOURCE_DATE_EPOCH=$BLDR_SOURCE_DATE_EPOCH

# ---------------------------------------------------------------- functions for plans

build_line() { echo "   $pkg_name: $*"; }
warn() { echo "   $pkg_name: WARN: $*" >&2; }
debug() { if [[ ${DEBUG:-} == 1 || ${DEBUG:-} == true ]]; then echo "   $pkg_name: DEBUG: $*" >&2; fi; }
exit_with() {
  echo "ERROR: $1" >&2
  exit "${2:-1}"
}
attach() { warn "attach does nothing without a terminal; the build continues"; }
trim() {
  local text=$*
  text=${text#"${text%%[![:space:]]*}"}
  echo "${text%"${text##*[![:space:]]}"}"
}
exists() { command -v "$1" >/dev/null 2>&1; }
abspath() { readlink -f "$1"; }

_path_of() {  # path of a dependency in a list of resolved idents: <list> <origin/name[/version[/release]]>
  local ident
  while read -r ident; do
    if [[ $ident == "$2" || $ident == "$2"/* ]]; then echo "$HAB_PKG_PATH/$ident"; return 0; fi
  done <"$_artifacts/$1"
  return 1
}
pkg_path_for() {
  _path_of deps "$1" || _path_of build_deps "$1" || _path_of tdeps "$1" || _path_of build_tdeps "$1" ||
    exit_with "no dependency matches '$1'"
}
pkg_build_path_for() { pkg_path_for "$1"; }
pkg_interpreter_for() { echo "$(pkg_path_for "$1")/$2"; }

# fix_interpreter <file or glob> <dependency> <interpreter, such as bin/env>
fix_interpreter() {
  local path name file
  path=$(pkg_path_for "$2") name=$(basename "$3")
  for file in $1; do
    if [[ -f $file ]]; then sed -i -e "1s|^#!.*/${name}\\b|#!${path}/$3|" "$file"; fi
  done
}

update_pkg_version() {
  local version
  version=$(trim "$(pkg_version)")
  if [[ -z $version ]]; then exit_with "pkg_version() returned nothing"; fi
  local old=$pkg_version
  pkg_version=$version
  pkg_dirname=${pkg_dirname//$old/$version}
  pkg_filename=${pkg_filename//$old/$version}
  pkg_source=${pkg_source//$old/$version}
  _set_paths
  build_line "Version updated to $pkg_version"
}

download_file() {  # <url> <file name> [<shasum>]
  local target=$HAB_CACHE_SRC_PATH/$2
  mkdir -p "$HAB_CACHE_SRC_PATH"
  if [[ -f $target && -n ${3:-} ]] && echo "$3  $target" | sha256sum --check --status 2>/dev/null; then
    build_line "Using the cached $2"
    return 0
  fi
  build_line "Downloading $1"
  case $1 in
    http://* | https://*)
      if exists curl; then
        curl --fail --silent --show-error --location --retry 3 --max-redirs 10 --proto '=https,http' --output "$target" -- "$1"
      elif exists wget; then
        wget --quiet --tries 3 --output-document "$target" -- "$1"
      else
        exit_with "neither curl nor wget is installed on the worker"
      fi
      ;;
    file://*) cp -- "${1#file://}" "$target" ;;
    *) exit_with "the source '$1' is not a URL that begins with https://, http:// or file://" ;;
  esac
}
verify_file() {  # <file name> <shasum>
  local target=$HAB_CACHE_SRC_PATH/$1 actual
  actual=$(sha256sum "$target" | cut -d ' ' -f 1)
  if [[ $actual != "$2" ]]; then exit_with "the checksum of $1 is $actual, but pkg_shasum is $2"; fi
  build_line "Checksum verified for $1"
}
unpack_file() {  # <file name>
  local file=$HAB_CACHE_SRC_PATH/$1
  cd "$HAB_CACHE_PATH/src"
  case $1 in
    *.tar | *.tar.* | *.tgz | *.tbz | *.tbz2 | *.txz | *.tlz) tar --extract --no-same-owner --file "$file" ;;
    *.zip) unzip -q -o "$file" ;;
    *.gz) gzip --decompress --keep --force "$file" ;;
    *.bz2) bzip2 --decompress --keep --force "$file" ;;
    *.xz) xz --decompress --keep --force "$file" ;;
    *) build_line "$1 is not an archive; nothing to unpack" ;;
  esac
}

# ---------------------------------------------------------------- phases

do_begin() { do_default_begin; }
do_default_begin() { return 0; }
do_setup_environment() { do_default_setup_environment; }
do_default_setup_environment() { return 0; }
do_before() { do_default_before; }
do_default_before() { return 0; }
do_download() { do_default_download; }
do_default_download() {
  if [[ -n $pkg_source ]]; then download_file "$pkg_source" "$pkg_filename" "$pkg_shasum"; fi
}
do_verify() { do_default_verify; }
do_default_verify() {
  if [[ -z $pkg_source ]]; then return 0; fi
  if [[ -z $pkg_shasum ]]; then exit_with "the plan has a pkg_source but no pkg_shasum"; fi
  verify_file "$pkg_filename" "$pkg_shasum"
}
do_clean() { do_default_clean; }
do_default_clean() { rm -rf -- "${CACHE_PATH:?}"; }
do_unpack() { do_default_unpack; }
do_default_unpack() {
  if [[ -n $pkg_source ]]; then unpack_file "$pkg_filename"; fi
}
do_prepare() { do_default_prepare; }
do_default_prepare() { return 0; }
do_build() { do_default_build; }
do_default_build() {
  ./configure --prefix="$pkg_prefix"
  make
}
do_check() { do_default_check; }
do_default_check() { return 0; }
do_install() { do_default_install; }
do_default_install() { make install; }
do_build_config() { do_default_build_config; }
do_default_build_config() {
  local name
  for name in config hooks; do
    if [[ -d $PLAN_CONTEXT/$name ]]; then
      cp -r "$PLAN_CONTEXT/$name" "$pkg_prefix/"
      chmod -R u+w,a+rX "$pkg_prefix/$name"
    fi
  done
  if [[ -f $PLAN_CONTEXT/default.toml ]]; then cp "$PLAN_CONTEXT/default.toml" "$pkg_prefix/default.toml"; fi
}
do_build_service() { do_default_build_service; }
do_default_build_service() {
  if [[ -f $pkg_prefix/hooks/run || -z $pkg_svc_run ]]; then return 0; fi
  printf '#!/bin/sh\ncd %s\n\nexec %s 2>&1\n' "$pkg_svc_path" "$pkg_svc_run" >"$pkg_prefix/run"
  chmod 755 "$pkg_prefix/run"
}
do_strip() { do_default_strip; }
do_default_strip() {
  if ! exists strip; then return 0; fi
  find "$pkg_prefix" -type f \( -perm -u+x -o -name '*.so*' -o -name '*.a' \) -print0 |
    while IFS= read -r -d '' file; do
      case "$(head -c 4 "$file" | tr -d '\0')" in
        $'\x7fELF') strip --strip-unneeded "$file" 2>/dev/null || true ;;
        '!<ar') strip --strip-debug "$file" 2>/dev/null || true ;;
      esac
    done
}
do_after() { do_default_after; }
do_default_after() { return 0; }
do_end() { do_default_end; }
do_default_end() { return 0; }

_phase() {
  echo "$1" >"$_results/phase"
  if [[ $1 != do_begin ]]; then build_line "${1#do_}"; fi
  "$1"
}

# ---------------------------------------------------------------- the plan

_load_plan() {
  echo load >"$_results/phase"
  cd "$PLAN_CONTEXT"
  # shellcheck disable=SC1090
  source "$BLDR_PLAN"
  pkg_origin=$HAB_ORIGIN
  if [[ -z $pkg_name ]]; then exit_with "the plan does not set pkg_name"; fi
  if [[ -z $pkg_version ]]; then exit_with "the plan does not set pkg_version"; fi
  if [[ $pkg_version == "$_unset_version" ]] && ! declare -F pkg_version >/dev/null; then
    exit_with "the plan does not set pkg_version"
  fi
  if [[ -n $pkg_scaffolding ]]; then exit_with "the plan uses scaffolding, which the plain strategy does not support"; fi
  if [[ $pkg_type == native && $pkg_origin != core ]]; then warn "native packages are meant for the origin core"; fi
  : "${pkg_filename:=$(basename "$pkg_source")}"
  : "${pkg_dirname:=$pkg_name-$pkg_version}"
  if [[ ${#pkg_exposes[@]} -eq 0 && ${#pkg_expose[@]} -gt 0 ]]; then pkg_exposes=("${pkg_expose[@]}"); fi
  _set_paths
}
_set_paths() {
  pkg_ident=$pkg_origin/$pkg_name/$pkg_version/$pkg_release
  pkg_prefix=$HAB_PKG_PATH/$pkg_ident
  CACHE_PATH=$HAB_CACHE_SRC_PATH/$pkg_dirname
  pkg_svc_path=/hab/svc/$pkg_name
  pkg_svc_data_path=$pkg_svc_path/data pkg_svc_files_path=$pkg_svc_path/files pkg_svc_var_path=$pkg_svc_path/var
  pkg_svc_config_path=$pkg_svc_path/config pkg_svc_static_path=$pkg_svc_path/static pkg_svc_logs_path=$pkg_svc_path/logs
  export pkg_prefix CACHE_PATH PREFIX=$pkg_prefix
}
_fix_version() {
  if [[ $pkg_version == "$_unset_version" ]]; then update_pkg_version; fi
}

_describe() {
  {
    printf 'name\t%s\n' "$pkg_name"
    [[ $pkg_version == "$_unset_version" ]] || printf 'version\t%s\n' "$pkg_version"
    [[ ${#pkg_deps[@]} -eq 0 ]] || printf 'dep\t%s\n' "${pkg_deps[@]}"
    [[ ${#pkg_build_deps[@]} -eq 0 ]] || printf 'build_dep\t%s\n' "${pkg_build_deps[@]}"
  } >"$_results/plan"
}

# ---------------------------------------------------------------- dependencies

_install_dependencies() {
  local archive
  for archive in "$_artifacts"/*.hart; do
    [[ -e $archive ]] || continue
    tail -n +6 "$archive" | xz --decompress --stdout | tar --extract --no-same-owner --directory "$_root/" --file -
  done
}
_dirs_of() {  # the lines of a metadata file of dependencies, in order: <metadata file> <list>...
  local metafile=$1 list ident line
  shift
  for list in "$@"; do
    while read -r ident; do
      [[ -f $HAB_PKG_PATH/$ident/$metafile ]] || continue
      while IFS= read -r line || [[ -n $line ]]; do
        [[ -z $line ]] || echo "${line//:/$'\n'}"
      done <"$HAB_PKG_PATH/$ident/$metafile"
    done <"$_artifacts/$list"
  done
}
_joined() { paste -s -d : - | sed -e 's/^:*//' -e 's/:*$//'; }
_own_dirs() {  # absolute paths of folders of the package
  local folder
  for folder in "$@"; do echo "$pkg_prefix/$folder"; done
}
_flags_of() {  # -I or -L flags of dependencies: <flag> <folder name>
  local ident
  cat "$_artifacts/deps" "$_artifacts/build_deps" | while read -r ident; do
    if [[ -d $HAB_PKG_PATH/$ident/$2 ]]; then printf '%s%s ' "$1" "$HAB_PKG_PATH/$ident/$2"; fi
  done
}
_set_build_environment() {
  local path
  path=$(_dirs_of PATH deps build_deps tdeps build_tdeps | sed "s|^/hab/|$BLDR_HAB/|" | awk '!seen[$0]++' | _joined)
  export PATH=${path:+$path:}$PATH
  CFLAGS=$(_flags_of -I include) LDFLAGS=$(_flags_of -L lib)
  CPPFLAGS=$CFLAGS CXXFLAGS=$CFLAGS
  LD_RUN_PATH=$({ _own_dirs "${pkg_lib_dirs[@]}"; _dirs_of LD_RUN_PATH deps; } | awk '!seen[$0]++' | _joined)
  PKG_CONFIG_PATH=$(_dirs_of PKG_CONFIG_PATH deps build_deps | _joined)
  export CFLAGS CPPFLAGS CXXFLAGS LDFLAGS LD_RUN_PATH PKG_CONFIG_PATH
}

# ---------------------------------------------------------------- metadata files

_write() { if [[ -n $2 ]]; then printf '%s\n' "$2" >"$pkg_prefix/$1"; fi; }
_in_package() { sed "s|^$HAB_PKG_PATH/|/hab/pkgs/|"; }
_pairs() {  # key=value lines of an associative array: <array name>
  local -n pairs=$1
  local key
  for key in "${!pairs[@]}"; do echo "$key=${pairs[$key]}"; done | sort
}
_write_metafiles() {
  local paths
  rm -f "$pkg_prefix"/{IDENT,TARGET,TYPE,PACKAGE_TYPE,DEPS,TDEPS,BUILD_DEPS,BUILD_TDEPS,PATH,FILES,MANIFEST}
  _write IDENT "$pkg_ident"
  _write TARGET "$pkg_target"
  if [[ $pkg_type == native ]]; then _write PACKAGE_TYPE native; else _write TYPE standalone; fi
  _write DEPS "$(cat "$_artifacts/deps")"
  _write TDEPS "$(cat "$_artifacts/tdeps")"
  _write BUILD_DEPS "$(cat "$_artifacts/build_deps")"
  _write BUILD_TDEPS "$(cat "$_artifacts/build_tdeps")"
  paths=$(_own_dirs "${pkg_bin_dirs[@]}" | _in_package | _joined)
  printf '%s\n' "$paths" >"$pkg_prefix/PATH"
  _write RUNTIME_PATH "$({ _own_dirs "${pkg_bin_dirs[@]}" | _in_package; _dirs_of PATH deps tdeps; } | awk '!seen[$0]++' | _joined)"
  _write RUNTIME_ENVIRONMENT "$(_pairs pkg_env; [[ ! -f $pkg_prefix/RUNTIME_PATH ]] || echo "PATH=$(cat "$pkg_prefix/RUNTIME_PATH")")"
  _write LD_RUN_PATH "$(echo "$LD_RUN_PATH" | tr : '\n' | _in_package | _joined)"
  _write CFLAGS "$(for folder in "${pkg_include_dirs[@]}"; do printf -- '-I%s ' "/hab/pkgs/$pkg_ident/$folder"; done)"
  _write LDFLAGS "$(for folder in "${pkg_lib_dirs[@]}"; do printf -- '-L%s ' "/hab/pkgs/$pkg_ident/$folder"; done)"
  _write PKG_CONFIG_PATH "$(_own_dirs "${pkg_pconfig_dirs[@]}" | _in_package | _joined)"
  _write EXPORTS "$(_pairs pkg_exports)"
  _write BINDS "$(_pairs pkg_binds)"
  _write BINDS_OPTIONAL "$(_pairs pkg_binds_optional)"
  _write EXPOSES "${pkg_exposes[*]}"
  _write INTERPRETERS "$(for name in "${pkg_interpreters[@]}"; do echo "/hab/pkgs/$pkg_ident/$name"; done)"
  _write SHUTDOWN_SIGNAL "$pkg_shutdown_signal"
  _write SHUTDOWN_TIMEOUT "$pkg_shutdown_timeout_sec"
  if [[ -f $pkg_prefix/hooks/run || -f $pkg_prefix/run ]]; then
    _write SVC_USER "${pkg_svc_user:-hab}"
    _write SVC_GROUP "${pkg_svc_group:-hab}"
  fi
  _manifest >"$pkg_prefix/MANIFEST"
}
_listed() {  # <text if there are none> <item>...
  local none=$1
  shift
  if [[ $# -eq 0 ]]; then echo "$none"; else echo "$*"; fi
}
_linked() {  # Markdown links to dependencies: <list> <text if there are none>
  if [[ -s $_artifacts/$1 ]]; then sed 's|.*|[&](https://bldr.habitat.sh/#/pkgs/&)|' "$_artifacts/$1" | paste -s -d ' ' -; else echo "$2"; fi
}
_manifest() {
  cat <<END
# $pkg_origin / $pkg_name
$pkg_description

* __Maintainer__: $pkg_maintainer
* __Version__: $pkg_version
* __Release__: $pkg_release
* __Target__: $pkg_target
* __Upstream URL__: [${pkg_upstream_url:-none}](${pkg_upstream_url:-none})
* __License__: $(_listed "" "${pkg_license[@]}")
* __Source__: [${pkg_source:-source URL not provided or required}](${pkg_source:-})
* __SHA__: ${pkg_shasum:-SHA256 checksum not provided or required}
* __Path__: \`/hab/pkgs/$pkg_ident\`
* __Build Dependencies__: $(_linked build_deps 'no build dependencies or undefined')
* __Dependencies__: $(_linked deps 'no runtime dependencies or undefined')
* __Interpreters__: $(_listed 'no interpreters or undefined' "${pkg_interpreters[@]}")

# Plan

## Build Flags

\`\`\`bash
CFLAGS: ${CFLAGS:-no CFLAGS}
CPPFLAGS: ${CPPFLAGS:-no CPPFLAGS}
CXXFLAGS: ${CXXFLAGS:-no CXXFLAGS}
LDFLAGS: ${LDFLAGS:-no LDFLAGS}
LD_RUN_PATH: ${LD_RUN_PATH:-no LD_RUN_PATH}
\`\`\`

## Plan Source

\`\`\`bash
$(head -c 262144 "$BLDR_PLAN")
\`\`\`
END
}
_write_files_list() {
  cd "$_root/"
  find "hab/pkgs/$pkg_ident" -type f ! -path "hab/pkgs/$pkg_ident/MANIFEST" -print0 | sort -z |
    xargs -0 --no-run-if-empty b2sum --length=256 | sed 's|  |  /|' >"$_results/files"
}
_write_ident() {  # <file>
  {
    echo "pkg_origin=$pkg_origin"
    echo "pkg_name=$pkg_name"
    echo "pkg_version=$pkg_version"
    echo "pkg_release=$pkg_release"
    echo "pkg_target=$pkg_target"
    echo "pkg_ident=$pkg_ident"
  } >"$_results/$1"
}

# ---------------------------------------------------------------- actions

_build() {
  _phase do_begin
  echo dependencies >"$_results/phase"
  _install_dependencies
  _set_build_environment
  _phase do_setup_environment
  mkdir -p "$HAB_CACHE_SRC_PATH"
  _phase do_before
  if [[ $pkg_version != "$_unset_version" ]]; then _write_ident pre_build.env; fi
  cd "$HAB_CACHE_SRC_PATH"
  _phase do_download
  _phase do_verify
  _phase do_clean
  _phase do_unpack
  mkdir -p "$CACHE_PATH"
  cd "$CACHE_PATH"
  _fix_version
  _write_ident pre_build.env
  _phase do_prepare
  _phase do_build
  if [[ ${DO_CHECK:-} == true || ${DO_CHECK:-} == 1 ]]; then _phase do_check; fi
  mkdir -p "$pkg_prefix"
  _phase do_install
  _phase do_build_config
  _phase do_build_service
  _phase do_strip
  _phase do_after
  echo metadata >"$_results/phase"
  _write_ident pre_build.env
  _write_metafiles
  _write_files_list
  _phase do_end
}
_pack() {
  local ident=$BLDR_IDENT
  echo pack >"$_results/phase"
  if [[ -f $_artifacts/FILES ]]; then
    rm -rf "$HAB_PKG_PATH/$ident/FILES"
    cp "$_artifacts/FILES" "$HAB_PKG_PATH/$ident/FILES"
  fi
  rm -rf "$_results/payload.tar.xz"
  set -o pipefail
  tar --create --format=gnu --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=root:0 --group=root:0 \
    --directory "$_root/" --file - "hab/pkgs/$ident" | xz -6 --threads=1 --stdout >"$_results/payload.tar.xz"
}

mkdir -p "$HAB_CACHE_SRC_PATH"
case $_action in
  describe)
    _load_plan
    _describe
    ;;
  build)
    _load_plan
    _build
    ;;
  pack) _pack ;;
esac
