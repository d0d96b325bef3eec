#!/usr/bin/env bash
# Builds the native library for Android, one whole library for each ABI and CPU level, with cargo-ndk.
# Stripped libraries go to android/src/main/jniLibs, where Gradle looks. Unstripped ones, for crash reports, stay in
# build/android-symbols. Arguments: the ABIs to build; without any, all.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/env.sh
. scripts/setup.sh
. scripts/library-checks.sh

# React Native's minimum version.
ANDROID_API=24
# ABI LEVEL. com.llamars.NativeLibrary chooses among an ABI's levels when it loads one.
VARIANTS=(
  "arm64-v8a base"
  "arm64-v8a dotprod"
  "arm64-v8a i8mm"
  "x86_64 base"
  "x86_64 avx2"
  "x86_64 vnni"
)

# The CPU options of llama.cpp. A base level has only the ABI's guarantees: the emulator's usual CPU has no AVX2.
use_level() { # ABI LEVEL
  local name
  # These are options of the building machine.
  for name in "${!GGML_@}"; do unset "$name"; done
  case "$1 $2" in
    "arm64-v8a base") export GGML_CPU_ARM_ARCH=armv8-a ;;
    "arm64-v8a dotprod") export GGML_CPU_ARM_ARCH=armv8.2-a+fp16+dotprod ;;
    "arm64-v8a i8mm") export GGML_CPU_ARM_ARCH=armv8.2-a+fp16+dotprod+i8mm ;;
    "x86_64 base") export GGML_SSE42=ON ;;
    "x86_64 avx2") use_avx2 ;;
    "x86_64 vnni") use_avx2; export GGML_AVX_VNNI=ON ;;
    *) give_up "no such level: $1 $2" ;;
  esac
}
use_avx2() { export GGML_SSE42=ON GGML_AVX=ON GGML_AVX2=ON GGML_BMI2=ON GGML_FMA=ON GGML_F16C=ON; }

rust_target() { # ABI
  case "$1" in
    arm64-v8a) echo aarch64-linux-android ;;
    x86_64) echo x86_64-linux-android ;;
    *) give_up "no such ABI: $1 - one of arm64-v8a x86_64" ;;
  esac
}

library_name() { # LEVEL
  case "$1" in
    base) echo libllama_rs.so ;;
    *) echo "libllama_rs_$1.so" ;;
  esac
}

need_ndk() {
  [ -d "${ANDROID_NDK_HOME:-}/toolchains/llvm" ] ||
    give_up "missing: the Android NDK - name its folder in ANDROID_NDK_HOME"
  have cargo-ndk || give_up "missing: cargo-ndk - cargo install --locked cargo-ndk@4.1.2"
  # llama.cpp's build script reads another name.
  export ANDROID_NDK="$ANDROID_NDK_HOME" ANDROID_NDK_ROOT="$ANDROID_NDK_HOME"
  local tools=("$ANDROID_NDK_HOME"/toolchains/llvm/prebuilt/*/bin)
  NM="${tools[0]}/llvm-nm" READELF="${tools[0]}/llvm-readelf" STRIP="${tools[0]}/llvm-strip"
  export NM READELF STRIP
}

build() { # ABI LEVEL
  local target name unstripped packaged
  target="$(rust_target "$1")"
  name="$(library_name "$2")"
  unstripped="build/android-symbols/$1/$name"
  packaged="android/src/main/jniLibs/$1/$name"
  say "$1, $2"
  use_level "$1" "$2"
  # Each ABI and level has a folder of its own; a shared one would compile llama.cpp again for each.
  CARGO_TARGET_DIR="$CACHE_DIR/android-$1-$2" cargo ndk --target "$1" --platform "$ANDROID_API" \
    build --locked --release --package llama-rs-ffi
  mkdir -p "$(dirname "$unstripped")" "$(dirname "$packaged")"
  cp "$CACHE_DIR/android-$1-$2/$target/release/libllama_rs.so" "$unstripped"
  strip_library "$unstripped" "$packaged"
  check_library "$unstripped" "$packaged"
}

need_ndk
wanted="${*:-arm64-v8a x86_64}"
for abi in $wanted; do need_rust_target "$(rust_target "$abi")"; done
for variant in "${VARIANTS[@]}"; do
  read -r abi level <<<"$variant"
  case " $wanted " in *" $abi "*) build "$abi" "$level" ;; esac
done
for abi in $wanted; do echo "$abi: $(du -sh --apparent-size "android/src/main/jniLibs/$abi" | cut -f1) in all"; done
