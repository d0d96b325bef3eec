# Sourced by ./dev and the scripts: where builds go, and which CPU instructions llama.cpp is compiled for.
# A checkout is built for the machine that it stands on. AMX is never used: some virtual machines announce it and then fault.

CACHE_DIR="${XDG_CACHE_HOME:-$HOME/.cache}/react-native-llama-rs"
mkdir -p "$CACHE_DIR"

cpu_flags=" $( (grep -m1 -E '^(flags|Features)' /proc/cpuinfo || true) 2>/dev/null | cut -d: -f2) "
cpu_key=base
use_if_present() { # FLAG_IN_CPUINFO GGML_OPTION
  case "$cpu_flags" in *" $1 "*) export "$2=ON"; cpu_key="$cpu_key-$1" ;; esac
}
use_if_present avx512f GGML_AVX512
use_if_present avx512_vbmi GGML_AVX512_VBMI
use_if_present avx512_vnni GGML_AVX512_VNNI
use_if_present avx512_bf16 GGML_AVX512_BF16
use_if_present avx_vnni GGML_AVX_VNNI
unset cpu_flags

export LLAMA_LIB_PROFILE=Release
export CMAKE_GENERATOR=Ninja
export CARGO_TARGET_DIR="$CACHE_DIR/target-$cpu_key"
# Before libgomp is loaded: a compute thread that waits for a core it must share spins for 10,000 rounds, not for ever.
export GOMP_SPINCOUNT="${GOMP_SPINCOUNT:-10000}"
