#!/usr/bin/env bash
# Compiles ios/Llama.mm against React Native's real headers, the generated spec, and what it calls of LlamaImpl.swift; then
# runs it between two classes that write down what they are told. Without Xcode: in the Debian that Swift is tested in.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/env.sh

folder="$CACHE_DIR/swift-build/objc"
rm -rf "$folder"
node scripts/objc-check/headers.mjs "$folder/include"
cp -R scripts/objc-check/include/. "$folder/include/"
cp scripts/objc-check/{prefix.h,LlamaTest.mm} ios/Llama.mm "$folder/"
# Debian's runtime, which runs the test, is GCC's: it knows no subscripts, and nothing of ours needs the header that has them.
mkdir -p "$folder/run/RCTTypeSafety"
: >"$folder/run/RCTTypeSafety/RCTConvertHelpers.h"
# Of React Native's C++ one symbol is missing, by which JavaScript calls the module: nothing here does.
# shellcheck disable=SC2016  # for the inner shell
scripts/in-chroot.sh bash -euc '
  cd /build/objc
  machine="$(gcc -dumpmachine)"
  compile() {
    clang++ -x objective-c++ -std=c++20 -fblocks -fobjc-exceptions -fexceptions -Wall -Wextra -Werror \
      -Wno-unused-parameter -include prefix.h "$@" -isystem include -isystem "/usr/include/$machine/GNUstep" \
      -isystem "$(gcc -print-file-name=include)"
  }
  compile -fobjc-runtime=gnustep-1.6 -fsyntax-only Llama.mm
  for file in Llama LlamaTest; do
    compile -fobjc-runtime=gcc -fconstant-string-class=NSConstantString -isystem run -c $file.mm -o $file.o
  done
  # The blocks of Swift come first: those of GNUstep do not leave the stack.
  clang++ Llama.o LlamaTest.o -o test -L/usr/lib/swift/linux -lBlocksRuntime -Wl,-rpath,/usr/lib/swift/linux \
    -lgnustep-base -l:libobjc.so.4 \
    -Wl,--defsym=_ZN8facebook5react18NativeLlamaSpecJSIC1ERKNS0_15ObjCTurboModule10InitParamsE=0
  ./test
'
