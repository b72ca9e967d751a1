#!/usr/bin/env bash
# Builds the native libraries into cppbuild/<platform>/{include,lib}. Maven calls it; by hand:
#
#   bash cppbuild.sh [-platform linux-x86_64] install    build (the default verb), also what measures
#   bash cppbuild.sh test                                build and run the C tests
#   bash cppbuild.sh fuzz                                run each fuzz target for FLUE_FUZZ_SECONDS
#   bash cppbuild.sh deps [ci]                           install what the build [and CI] lacks
#   bash cppbuild.sh clean                               remove cppbuild/<platform>
#
# What is missing is installed with apt-get when that is possible (root on Debian or Ubuntu). If not,
# the command to run is printed, and the build goes on without DPDK or without C tests.
#
#   FLUE_NO_INSTALL=1    install nothing
#   FLUE_DPDK=off        build without DPDK on purpose
#   FLUE_NATIVE_ARCH=x   -march=x instead of x86-64-v2
#   FLUE_SANITIZE=x      C tests with sanitizers, e.g. address,undefined
#   CC                   C compiler
set -eu

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PLATFORM=linux-x86_64
VERBS=()
CI_TOOLS=
while [ $# -gt 0 ]; do
    case $1 in
        -platform=*) PLATFORM=${1#*=} ;;
        -platform) shift; PLATFORM=${1:?-platform needs a value} ;;
        install | test | fuzz | deps | clean) VERBS+=("$1") ;;
        ci) CI_TOOLS=1 ;;
        *) echo "usage: cppbuild.sh [-platform linux-x86_64] [install|test|fuzz|deps [ci]|clean]" >&2; exit 2 ;;
    esac
    shift
done
[ ${#VERBS[@]} -gt 0 ] || VERBS=(install)
case $PLATFORM in
    linux-x86_64) ;;
    *) echo "cppbuild: platform $PLATFORM is not supported, only linux-x86_64" >&2; exit 1 ;;
esac

INSTALL=$ROOT/cppbuild/$PLATFORM
BUILD=$INSTALL/build
FLUE_DPDK=${FLUE_DPDK:-auto}
JOBS=$(nproc 2>/dev/null || echo 2)

say() { echo "cppbuild: $*"; }
have() { command -v "$1" >/dev/null 2>&1; }
have_dpdk() { have pkg-config && pkg-config --exists 'libdpdk >= 22.11' 2>/dev/null; }
have_header() { echo "#include <$1>" | "${CC:-cc}" -E -x c - >/dev/null 2>&1; }
have_cmocka() { printf '#include <stdarg.h>\n#include <stddef.h>\n#include <stdint.h>\n#include <setjmp.h>\n#include <cmocka.h>\n' |
    "${CC:-cc}" -E -x c - >/dev/null 2>&1; }

# ---- what the machine lacks --------------------------------------------------------------------

REQUIRED=() # packages without which nothing is built
OPTIONAL=() # packages without which a part is left out

find_missing() {
    REQUIRED=() OPTIONAL=()
    have "${CC:-cc}" || have gcc || REQUIRED+=(gcc)
    have_header stdio.h || REQUIRED+=(libc6-dev)
    have "${CXX:-g++}" || REQUIRED+=(g++) # JavaCPP's own needs
    have cmake || REQUIRED+=(cmake)
    have make || REQUIRED+=(make)
    if [ "$FLUE_DPDK" != off ]; then
        have pkg-config || OPTIONAL+=(pkg-config)
        have_dpdk || OPTIONAL+=(libdpdk-dev)
    fi
    have_cmocka || OPTIONAL+=(libcmocka-dev)
    if [ -n "$CI_TOOLS" ]; then
        have clang-format || OPTIONAL+=(clang-format)
        have tshark || OPTIONAL+=(tshark)
        have tcpdump || [ -x /usr/sbin/tcpdump ] || OPTIONAL+=(tcpdump)
        have python3 || OPTIONAL+=(python3)
        have ping || OPTIONAL+=(iputils-ping)
        have nft || [ -x /usr/sbin/nft ] || OPTIONAL+=(nftables)
        have ip || [ -x /usr/sbin/ip ] || OPTIONAL+=(iproute2)
        have ethtool || [ -x /usr/sbin/ethtool ] || OPTIONAL+=(ethtool)
        have curl || OPTIONAL+=(curl)
        have javac || OPTIONAL+=(openjdk-17-jdk-headless)
        have mvn || OPTIONAL+=(maven)
    fi
}

apt() {
    DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 -o Acquire::Retries=1 \
        -o Acquire::http::Timeout=20 "$@" </dev/null >>"$APT_LOG" 2>&1
}

apt_install() {
    say "installing $* (apt-get)"
    apt install --no-install-recommends "$@"
}

# The reason why nothing may be installed here, or nothing if it may.
no_install_reason() {
    if [ -n "${FLUE_NO_INSTALL:-}" ]; then
        echo "FLUE_NO_INSTALL is set"
    elif ! have apt-get; then
        echo "no apt-get"
    elif [ "$(id -u)" != 0 ]; then
        echo "not root"
    elif [ -n "$(find "$INSTALL/apt-failed" -mmin -720 2>/dev/null)" ] && [ ${#REQUIRED[@]} = 0 ]; then
        echo "apt-get failed before, see $INSTALL/apt.log"
    fi
}

provide() {
    find_missing
    [ $((${#REQUIRED[@]} + ${#OPTIONAL[@]})) -gt 0 ] || return 0
    local all=("${REQUIRED[@]}" "${OPTIONAL[@]}") reason
    reason=$(no_install_reason)
    if [ -z "$reason" ]; then
        mkdir -p "$INSTALL"
        APT_LOG=$INSTALL/apt.log
        say "missing: ${all[*]}"
        apt update || say "apt-get update failed, see $APT_LOG; trying with the lists there are"
        if ! apt_install "${all[@]}"; then
            say "that failed; trying one by one"
            local p
            for p in "${all[@]}"; do
                apt_install "$p" || say "could not install $p, see $APT_LOG"
            done
        fi
        find_missing
        all=("${REQUIRED[@]}" "${OPTIONAL[@]}")
        [ ${#all[@]} -gt 0 ] || { rm -f "$INSTALL/apt-failed"; return 0; }
        : >"$INSTALL/apt-failed"
        reason="apt-get failed, see $APT_LOG"
    fi
    say "missing: ${all[*]} ($reason)"
    say "to install: sudo apt-get install -y ${all[*]}"
    case " ${OPTIONAL[*]} " in
        *" libdpdk-dev "* | *" pkg-config "*) say "going on without DPDK: software ports only" ;;
    esac
}

# ---- build -------------------------------------------------------------------------------------

# configure DIR [cmake option...]
configure() {
    local dir=$1 log
    shift
    # A cache made at another path (a copied tree) can't be used again.
    if [ -f "$dir/CMakeCache.txt" ] &&
        ! grep -qx "CMAKE_HOME_DIRECTORY:INTERNAL=$ROOT/native" "$dir/CMakeCache.txt"; then
        rm -rf "$dir"
    fi
    mkdir -p "$dir"
    log=$dir/configure.log
    # -U: packages may have come or gone since the last run.
    if ! cmake -S "$ROOT/native" -B "$dir" -DCMAKE_INSTALL_PREFIX="$INSTALL" \
        -DCMAKE_INSTALL_LIBDIR=lib -U '__pkg_config*' -U 'DPDK_*' -U 'CMOCKA_*' \
        -DFLUE_DPDK="$FLUE_DPDK" -DFLUE_NATIVE_ARCH="${FLUE_NATIVE_ARCH:-x86-64-v2}" \
        "$@" >"$log" 2>&1; then
        cat "$log" >&2
        return 1
    fi
    sed -n 's/^-- flue: /cppbuild: /p' "$log"
}

make_targets() {
    local dir=$1
    shift
    cmake --build "$dir" -j "$JOBS" --target "$@" -- --no-print-directory -s | grep -v '^Consolidate compiler' || true
    return "${PIPESTATUS[0]}"
}

do_install() {
    provide
    if ! have "${CC:-cc}" && ! have gcc; then
        say "no C compiler: nothing can be built" >&2
        exit 1
    fi
    have "${CXX:-g++}" || say "no C++ compiler: libflue is built, but the Java bindings will not be"
    if ! have cmake || ! have make; then
        install_by_hand
        return
    fi
    configure "$BUILD"
    local targets=(flue)
    if grep -q '^-- flue: DPDK on' "$BUILD/configure.log"; then targets+=(flue_dpdk); fi
    # flue bench runs them, from wherever somebody has built the rest.
    targets+=(flue_bench)
    make_targets "$BUILD" "${targets[@]}"
    mkdir -p "$INSTALL/lib" "$INSTALL/include/flue"
    rm -f "$INSTALL/lib/libflue_dpdk.so"
    cmake --install "$BUILD" >"$BUILD/install.log" || { cat "$BUILD/install.log" >&2; return 1; }
    say "in cppbuild/$PLATFORM/lib: $(cd "$INSTALL/lib" && echo *.so)"
}

# Without CMake: the one library that needs nothing but a C compiler.
install_by_hand() {
    say "no cmake: compiling libflue.so directly, without DPDK and without C tests"
    local version sources
    version=$(sed -n 's/^project(flue VERSION \([0-9.]*\).*/\1/p' "$ROOT/native/CMakeLists.txt")
    mkdir -p "$INSTALL/lib" "$INSTALL/include"
    mapfile -t sources < <(cd "$ROOT/native" &&
        find src/{chimney,tcp,wire,engine,port,memory,observe} -name '*.c' -not -path 'src/port/dpdk/*' | sort)
    (cd "$ROOT/native" && "${CC:-cc}" -std=gnu11 -O3 -g -march="${FLUE_NATIVE_ARCH:-x86-64-v2}" \
        -fPIC -fvisibility=hidden -fno-strict-aliasing -fno-common -D_GNU_SOURCE \
        -DFLUE_VERSION="\"$version\"" -Iinclude -Isrc -shared -Wl,-soname,libflue.so \
        -Wl,-z,nodelete -Wl,--no-undefined -o "$INSTALL/lib/libflue.so" "${sources[@]}" -pthread -ldl)
    rm -f "$INSTALL/lib/libflue_dpdk.so"
    cp -r "$ROOT/native/include/." "$INSTALL/include/"
}

do_test() {
    local dir=$BUILD args=()
    if ! have cmake || ! have ctest; then
        say "C tests skipped: no cmake"
        return
    fi
    if ! have_cmocka; then
        say "C tests skipped: no cmocka (sudo apt-get install -y libcmocka-dev)"
        return
    fi
    if [ -n "${FLUE_SANITIZE:-}" ]; then
        dir=$INSTALL/build-sanitize
        args=(-DFLUE_SANITIZE="$FLUE_SANITIZE")
    fi
    configure "$dir" ${args[@]+"${args[@]}"} >/dev/null
    make_targets "$dir" flue_tests flue_bench
    ctest --test-dir "$dir" --output-on-failure -j "$JOBS"
}

do_fuzz() {
    local dir=$INSTALL/build-fuzz seconds=${FLUE_FUZZ_SECONDS:-60} source name corpus
    have clang || { say "fuzz skipped: no clang (sudo apt-get install -y clang libclang-rt-14-dev)"; return; }
    CC=clang configure "$dir" -DFLUE_FUZZ=ON >/dev/null
    make_targets "$dir" all
    for source in "$ROOT"/native/fuzz/*.c; do
        name=$(basename "$source" .c)
        corpus=$INSTALL/corpus/$name
        mkdir -p "$corpus"
        say "fuzzing $name for $seconds s"
        (cd "$dir" && "./$name" -max_total_time="$seconds" -print_final_stats=1 "$corpus" \
            $([ ! -d "$ROOT/native/fuzz/corpus/$name" ] || echo "$ROOT/native/fuzz/corpus/$name"))
    done
}

for verb in "${VERBS[@]}"; do
    case $verb in
        install) do_install ;;
        test) do_test ;;
        fuzz) do_fuzz ;;
        deps) provide ;;
        clean) rm -rf "$INSTALL" ;;
    esac
done
