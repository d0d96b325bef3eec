#!/usr/bin/env bash
# Runs ios/Tests against the current library in each of Swift's language modes. Build folders, and the package's copy
# with the files of its tests, stay outside the checkout. Takes options of `swift test`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/env.sh

scripts/build-library.sh >/dev/null
package="$CACHE_DIR/swift-build/package"
scripts/swift-package.sh "$package"
for mode in ${SWIFT_LANGUAGE_MODES:-5 6}; do
  scripts/in-chroot.sh env SWIFT_LANGUAGE_MODE="$mode" SWIFT_TESTS_PATIENCE="${SWIFT_TESTS_PATIENCE:-60}" \
    swift test --disable-swift-testing --package-path /build/package \
    --scratch-path "/build/mode-$mode" -Xlinker -L/library -Xlinker -rpath -Xlinker /library "$@"
done
