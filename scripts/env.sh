# shellcheck shell=bash
# Sourced by ./dev and the scripts. Sets the build folders and the CPU instructions that llama.cpp is compiled for.
# A checkout is built for its own machine. AMX is never used: some virtual machines announce it and then fault.

CACHE_DIR="${XDG_CACHE_HOME:-$HOME/.cache}/react-native-llama-rs"
mkdir -p "$CACHE_DIR"

# Only Linux needs options. Elsewhere llama.cpp's own defaults hold, and Apple's compiler knows its one family of CPUs.
cpu_flags=" $( (grep -m1 -E '^(flags|Features)' /proc/cpuinfo || true) 2>/dev/null | cut -d: -f2) "
cpu_key=base
has_flag() { case "$cpu_flags" in *" $1 "*) ;; *) return 1 ;; esac }
use_if_present() { # FLAG_IN_CPUINFO GGML_OPTION
  if has_flag "$1"; then export "$2=ON"; cpu_key="$cpu_key-$1"; else unset "$2"; fi
}
leave_if_absent() { # FLAG_IN_CPUINFO GGML_OPTION, one that ggml turns on by default
  if has_flag "$1"; then unset "$2"; else export "$2=OFF"; cpu_key="$cpu_key-no_$1"; fi
}
arm_level=
add_arm_feature() { # FLAG_IN_CPUINFO COMPILER_FEATURE
  if has_flag "$1"; then arm_level="$arm_level+$2"; cpu_key="$cpu_key-$2"; fi
}

case "$(uname -sm)" in
  "Linux x86_64")
    # ggml leaves out its defaults when this is set, as for a reproducible distribution package.
    unset SOURCE_DATE_EPOCH
    leave_if_absent sse4_2 GGML_SSE42
    leave_if_absent avx GGML_AVX
    leave_if_absent avx2 GGML_AVX2
    leave_if_absent bmi2 GGML_BMI2
    leave_if_absent fma GGML_FMA
    leave_if_absent f16c GGML_F16C
    use_if_present avx512f GGML_AVX512
    use_if_present avx512_vnni GGML_AVX512_VNNI
    use_if_present avx512_bf16 GGML_AVX512_BF16
    use_if_present avx_vnni GGML_AVX_VNNI
    ;;
  "Linux aarch64")
    add_arm_feature asimdhp fp16
    add_arm_feature asimddp dotprod
    add_arm_feature i8mm i8mm
    # dotprod and half precision are options of armv8.2-a; older cores have neither and get plain armv8-a.
    if [ -n "$arm_level" ]; then export GGML_CPU_ARM_ARCH="armv8.2-a$arm_level"; else unset GGML_CPU_ARM_ARCH; fi
    ;;
esac
unset cpu_flags arm_level

export LLAMA_LIB_PROFILE=Release
export CMAKE_GENERATOR=Ninja

# llama.cpp's static destructors never run. `--wrap=__cxa_atexit` does the same elsewhere (node/src/at_exit.rs).
case "$(uname -s) ${CXXFLAGS:-}" in
  Darwin*-fno-c++-static-destructors*) ;;
  Darwin*) export CXXFLAGS="${CXXFLAGS:-} -fno-c++-static-destructors" ;;
esac

# The caller's additions to the build (a compiler, options of ggml or CMake, flags) are part of the folder's name, so
# that going back and forth compiles nothing again. Settings that change no output, such as sizes of thread pools, are
# not.
own_settings="$(env | grep -E '^(GGML_|CMAKE_|LLAMA_|CC=|CXX=|CFLAGS=|CXXFLAGS=|RUSTFLAGS=)' \
  | grep -vE '^(GGML_(SSE42|AVX|AVX2|BMI2|FMA|F16C|AVX512|AVX512_VNNI|AVX512_BF16|AVX_VNNI|CPU_ARM_ARCH)=|CMAKE_(GENERATOR|BUILD_PARALLEL_LEVEL)=|LLAMA_LIB_PROFILE=)' \
  | LC_ALL=C sort || true)"
if [ -n "$own_settings" ]; then cpu_key="$cpu_key-$(printf %s "$own_settings" | cksum | cut -d' ' -f1)"; fi
unset own_settings

export CARGO_TARGET_DIR="$CACHE_DIR/target-$cpu_key"
# Builds without llama.cpp have a folder of their own: two feature sets in one folder would compile llama.cpp again and
# again.
export POLICY_TARGET_DIR="$CACHE_DIR/target-policy"

# Cargo names its outputs by their place inside the workspace. Two checkouts that share these folders would take each
# other's newer results for their own. If another checkout built last, all of ours counts as changed.
checkout="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
if [ "$(cat "$CACHE_DIR/checkout" 2>/dev/null)" != "$checkout" ]; then
  find "$checkout"/{Cargo.toml,rust-core,ffi,node,bench} -type f ! -name '*.node' -exec touch {} + 2>/dev/null || true
  echo "$checkout" >"$CACHE_DIR/checkout"
fi
unset checkout

# A compute thread that waits for a shared core spins for 10,000 rounds, not for ever. libgomp reads this when it is
# loaded.
export GOMP_SPINCOUNT="${GOMP_SPINCOUNT:-10000}"
