#!/usr/bin/env bash
# Runs android/jvm-tests against the library as it is now. What Maven fetches and builds stays out of the checkout.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/env.sh

# A test that is gone from the sources would run on.
rm -rf "$CACHE_DIR/jvm-tests"
library="$(scripts/build-library.sh)"
exec mvn --batch-mode --no-transfer-progress -Dstyle.color=never --file android/jvm-tests/pom.xml \
  -Dmaven.repo.local="$CACHE_DIR/maven" -Dbuild.folder="$CACHE_DIR/jvm-tests" \
  -Dllama.folder="$(dirname "$library")" -Dllama.library="$library" "$@" test
