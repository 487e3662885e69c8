#!/bin/sh
#
# requirements/venv.sh DIR: make an empty virtual environment in DIR, from Python 3.11 or later.
#
# The Python is $PYTHON (default: python3) or, if that is older or not there, the newest python3.X
# of the path. Debian's python3 comes without what a virtual environment needs: then the package
# python3-venv is installed, if that can be done here without asking, or the command is named.

set -eu

dir=$1

# (1) An environment that works already is kept.
[ -x "$dir/bin/python" ] && "$dir/bin/python" -m pip --version >/dev/null 2>&1 && exit 0

say() { echo "setup: $*" >&2; }

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

# Print the commands that start a Python of a version we can use, the one asked for first.
pythons() {
    for name in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do
        if is_new_enough "$name"; then echo "$name"; fi
    done
}

make_environment() {
    for python in $(pythons); do
        if "$python" -m venv --clear "$dir" >/dev/null 2>&1; then return 0; fi
    done
    # Half an environment is worse than none: the next run would take it for one.
    rm -rf "$dir"
    return 1
}

install_package() {
    say "installing $package with apt-get (once)"
    apt-get update -qq >&2 || say "the package lists could not be renewed; trying with the old ones"
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y "$package" >&2
}

# The Debian package that completes the first Python we can use.
venv_package() {
    case $(pythons | head -n 1) in
        python3.*) echo "$(pythons | head -n 1)-venv" ;;
        *) echo python3-venv ;;
    esac
}

# (2) With what is here.
if make_environment; then exit 0; fi

package=$(venv_package)

# (3) With the missing package, where it can be installed without asking.
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    if install_package && make_environment; then exit 0; fi
fi

# (4) Say what is missing, and what to type.
if [ -z "$(pythons)" ]; then
    say "Python 3.11 or later is needed, and ${PYTHON:-python3} is not one. Install it and run make"
    say "again, or name one: make PYTHON=/path/to/python3.11"
else
    say "this Python cannot make a virtual environment. Type this, then run make again:"
fi
if command -v apt-get >/dev/null; then say "    sudo apt-get install $package"; fi
exit 1
