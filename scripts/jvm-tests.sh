#!/usr/bin/env bash
# Runs the Kotlin of android/ and its tests on this machine's Java, against the library as it is now. What Maven fetches
# and builds, and what React Native's codegen writes, stays out of the checkout.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/env.sh

# A script that runs the tests again and again names the library that it has built.
library="${LLAMA_RS_LIBRARY:-$(scripts/build-library.sh)}"

# A test that is gone from the sources would run on.
rm -rf "$CACHE_DIR/jvm-tests"
node scripts/codegen.mjs android "$CACHE_DIR/jvm-tests/codegen"

run_maven() {
  mvn --batch-mode --no-transfer-progress -Dstyle.color=never -Dmaven.repo.local="$CACHE_DIR/maven" "$@"
}

# The classes of React Native for Android, of the version that JavaScript has.
react_version="$(node -p 'require("react-native/package.json").version')"
react="$CACHE_DIR/react-android-$react_version"
if ! [ -f "$react/classes.jar" ]; then
  run_maven --quiet org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
    -Dartifact="com.facebook.react:react-android:$react_version:aar:release" -DoutputDirectory="$react"
  (cd "$react" && jar --extract --file ./*.aar classes.jar && rm ./*.aar)
fi

run_maven --file android/jvm-tests/pom.xml \
  -Dbuild.folder="$CACHE_DIR/jvm-tests" -Dcodegen.folder="$CACHE_DIR/jvm-tests/codegen" \
  -Dllama.folder="$(dirname "$library")" -Dreact.version="$react_version" -Dreact.folder="$react" "$@" test
