# Functions for ./run and ./test: say what is missing, and get it where that is possible. Sourced, not run.

say() { printf '%s\n' "$*" >&2; }

give_up() {
    say "shoal: $*"
    exit 1
}

# packages PROGRAM=PACKAGE ...: installs the packages whose programs are missing. A program with a slash is a file.
packages() {
    missing=
    for pair in "$@"; do
        program=${pair%%=*}
        case $program in
        */*) [ -e "$program" ] || missing="$missing ${pair#*=}" ;;
        *) command -v "$program" >/dev/null 2>&1 || missing="$missing ${pair#*=}" ;;
        esac
    done
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null 2>&1 ||
        give_up "these are missing and there is no apt-get to install them with:$missing"
    as=
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null 2>&1 ||
            give_up "these are missing; install them as root: apt-get install$missing"
        as=sudo
    fi
    say "installing:$missing"
    install="$as env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends"
    # shellcheck disable=SC2086 # the lists are meant to be split
    $install $missing >"$scratch/apt.log" 2>&1 ||
        { $as apt-get update -q >>"$scratch/apt.log" 2>&1 && $install $missing >>"$scratch/apt.log" 2>&1; } ||
        { tail -n 20 "$scratch/apt.log" >&2 && give_up "apt-get could not install:$missing"; }
}

# The two toolchains cannot be had from Debian in a version that is new enough.
toolchains() {
    command -v cargo >/dev/null 2>&1 || give_up "Rust is missing; see https://rustup.rs"
    command -v node >/dev/null 2>&1 || give_up "Node.js 20.19 or newer is missing; see https://nodejs.org"
    node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
        give_up "Node.js $(node --version) is too old; 20.19 or newer is needed, see https://nodejs.org"
}

# newer THAN PATH...: true when one of the paths that exist holds something newer than the file.
newer() {
    than=$1
    shift
    [ -e "$than" ] || return 0
    for path in "$@"; do
        [ ! -e "$path" ] || [ -z "$(find "$path" -newer "$than" -type f -print | head -n 1)" ] || return 0
    done
    return 1
}

# What the page is built with.
web_packages() {
    if newer web/node_modules/.package-lock.json web/package-lock.json; then
        say "installing what the page is built with"
        (cd web && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) ||
            give_up "npm could not install what web/package-lock.json names"
        touch web/node_modules/.package-lock.json
    fi
}

# The page itself.
web_page() {
    if newer web/dist/index.html web/src web/public web/build web/index.html web/package-lock.json web/vite.config.ts; then
        say "building the page"
        (cd web && npm run --silent build -- --logLevel error) || give_up "the page could not be built"
    fi
}
