#!/usr/bin/env bash
# Builds the native library for iOS as ios/llama_rsFFI.xcframework, for devices (arm64, with Metal) and simulators
# (arm64 and x86_64, on the CPU, because Metal differs there). Keeps the symbols for crash reports. Needs macOS with
# Xcode.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/env.sh
. scripts/setup.sh

# React Native's minimum version.
export IPHONEOS_DEPLOYMENT_TARGET=15.1
NAME=llama_rsFFI
output="ios/$NAME.xcframework"
work="$PWD/build/ios"

need_xcode() {
  [ "$(uname -s)" = Darwin ] ||
    give_up "missing: macOS - only Xcode builds for iOS; a workflow does (.github/workflows/ios.yml)"
  xcrun --sdk iphoneos --show-sdk-path >/dev/null ||
    give_up "missing: Xcode with the iOS SDK - get it from the App Store"
}

# Builds the library of one slice, and its symbols, in FOLDER.
build() { # TARGET METAL FOLDER
  local built="$CACHE_DIR/ios-$1/$1/release"
  say "$1"
  need_rust_target "$1"
  # Each slice has a folder of its own, because other options compile all of llama.cpp again.
  CARGO_TARGET_DIR="$CACHE_DIR/ios-$1" GGML_METAL="$2" GGML_METAL_EMBED_LIBRARY="$2" GGML_NATIVE=OFF \
    CARGO_PROFILE_RELEASE_DEBUG=line-tables-only CARGO_PROFILE_RELEASE_SPLIT_DEBUGINFO=packed \
    cargo build --locked --release --package llama-rs-ffi --target "$1"
  mkdir -p "$3"
  cp -R "$built/libllama_rs.dylib.dSYM" "$3/$NAME.dSYM"
  strip -x -o "$3/$NAME" "$built/libllama_rs.dylib"
  scripts/check-symbols.sh "$3/$NAME" ffi_llama_rs_uniffi_contract_version
}

# Swift imports a framework's module by the framework's name.
make_framework() { # FOLDER LIBRARY
  local framework="$1/$NAME.framework"
  mkdir -p "$framework/Headers" "$framework/Modules"
  mv "$2" "$framework/$NAME"
  cp "ios/generated/$NAME/$NAME.h" "$framework/Headers/"
  sed 's/^module /framework module /' "ios/generated/$NAME/module.modulemap" >"$framework/Modules/module.modulemap"
  cat >"$framework/Info.plist" <<PLIST
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>CFBundleExecutable</key><string>$NAME</string>
	<key>CFBundleIdentifier</key><string>com.llamars.$NAME</string>
	<key>CFBundleInfoDictionaryVersion</key><string>6.0</string>
	<key>CFBundleName</key><string>$NAME</string>
	<key>CFBundlePackageType</key><string>FMWK</string>
	<key>CFBundleShortVersionString</key><string>$(version)</string>
	<key>CFBundleVersion</key><string>$(version)</string>
	<key>MinimumOSVersion</key><string>$IPHONEOS_DEPLOYMENT_TARGET</string>
</dict>
</plist>
PLIST
}

version() { sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -1; }

need_xcode
need_rust
need_compilers
rm -rf "$work" "$output"
build aarch64-apple-ios ON "$work/device"
build aarch64-apple-ios-sim OFF "$work/simulator-arm64"
build x86_64-apple-ios OFF "$work/simulator-x86_64"

simulator="$work/simulator"
mkdir -p "$simulator"
lipo -create "$work/simulator-arm64/$NAME" "$work/simulator-x86_64/$NAME" -output "$simulator/$NAME"
cp -R "$work/simulator-arm64/$NAME.dSYM" "$simulator/"
symbols="$NAME.dSYM/Contents/Resources/DWARF/libllama_rs.dylib"
lipo -create "$work/simulator-arm64/$symbols" "$work/simulator-x86_64/$symbols" -output "$simulator/$symbols"
make_framework "$work/device" "$work/device/$NAME"
make_framework "$simulator" "$simulator/$NAME"
xcodebuild -create-xcframework \
  -framework "$work/device/$NAME.framework" -debug-symbols "$work/device/$NAME.dSYM" \
  -framework "$simulator/$NAME.framework" -debug-symbols "$simulator/$NAME.dSYM" \
  -output "$output"
du -sh "$output"
