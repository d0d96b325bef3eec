#!/usr/bin/env bash
# Compiles ios/RNLlamaRs.mm against React Native's real headers, the generated spec, and the interface of LlamaImpl.swift;
# then runs it between two classes that record their calls. Needs no Xcode: it uses the Debian that Swift is tested in.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/env.sh

folder="$CACHE_DIR/swift-build/objc"
rm -rf "$folder"
node scripts/objc-check/headers.mjs "$folder/include"
cp -R scripts/objc-check/include/. "$folder/include/"
cp scripts/objc-check/{prefix.h,RNLlamaRsTest.mm} ios/RNLlamaRs.mm "$folder/"
# Debian's runtime, which runs the test, is GCC's. It has no subscripts, so the header that uses them is left empty.
mkdir -p "$folder/run/RCTTypeSafety"
: >"$folder/run/RCTTypeSafety/RCTConvertHelpers.h"
# One symbol of React Native's C++ is missing: JavaScript calls the module by it, and this test does not.
# shellcheck disable=SC2016  # for the inner shell
scripts/in-chroot.sh bash -euc '
  cd /build/objc
  machine="$(gcc -dumpmachine)"
  compile() {
    clang++ -x objective-c++ -std=c++20 -fblocks -fobjc-exceptions -fexceptions -Wall -Wextra -Werror \
      -Wno-unused-parameter -include prefix.h "$@" -isystem include -isystem "/usr/include/$machine/GNUstep" \
      -isystem "$(gcc -print-file-name=include)"
  }
  compile -fobjc-runtime=gnustep-1.6 -fsyntax-only RNLlamaRs.mm
  for file in RNLlamaRs RNLlamaRsTest; do
    compile -fobjc-runtime=gcc -fconstant-string-class=NSConstantString -isystem run -c $file.mm -o $file.o
  done
  # The blocks of Swift come first: blocks of GNUstep do not leave the stack.
  clang++ RNLlamaRs.o RNLlamaRsTest.o -o test -L/usr/lib/swift/linux -lBlocksRuntime -Wl,-rpath,/usr/lib/swift/linux \
    -lgnustep-base -l:libobjc.so.4 \
    -Wl,--defsym=_ZN8facebook5react20NativeLlamaRsSpecJSIC1ERKNS0_15ObjCTurboModule10InitParamsE=0
  ./test
'
