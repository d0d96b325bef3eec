#!/usr/bin/env bash
# Runs the Kotlin of android/ and its tests on this machine's Java, against the current library. The files of Maven and
# of React Native's codegen stay outside the checkout.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/env.sh

# A script that runs the tests repeatedly passes its library in this variable.
library="${LLAMA_RS_LIBRARY:-$(scripts/build-library.sh)}"

# A compiled test whose source is gone would still run.
rm -rf "$CACHE_DIR/jvm-tests"
node scripts/codegen.mjs android "$CACHE_DIR/jvm-tests/codegen"

run_maven() {
  mvn --batch-mode --no-transfer-progress -Dstyle.color=never -Dmaven.repo.local="$CACHE_DIR/maven" "$@"
}

# React Native for Android has the same version as the npm package.
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
