# shellcheck shell=bash
# Sourced. Checks a library that Android loads, and strips it for the package. The host's library is linked the same
# way, so the checks run on it too. NM, READELF and STRIP name the tools; the NDK's tools read libraries of every CPU.

# The largest stripped library, in bytes. Raise it for a good reason, and give the reason in the commit.
SIZE_BUDGET=$((18 * 1024 * 1024))
# Android's largest page, in bytes.
PAGE_SIZE=16384

# UNSTRIPPED keeps the symbols for crash reports; an app carries PACKAGED.
strip_library() { # UNSTRIPPED PACKAGED
  "${STRIP:-strip}" --strip-unneeded -o "$2" "$1"
}

# A phone with 16 KB pages refuses a library with a smaller alignment of any segment.
check_alignment() { # LIBRARY
  local alignments alignment
  alignments="$("${READELF:-readelf}" --segments --wide "$1" | awk '$1 == "LOAD" { print $NF }')"
  if [ -z "$alignments" ]; then refuse "$1 has no segment to load: is it a library?"; return 1; fi
  for alignment in $alignments; do
    if [ $((alignment)) -lt "$PAGE_SIZE" ]; then
      refuse "$1 has a segment aligned for pages of $((alignment)) bytes, not $PAGE_SIZE"
      return 1
    fi
  done
}

# A crash report names a library by its build id. It cannot be read without build id or symbols.
check_crash_reports() { # UNSTRIPPED PACKAGED
  local id
  id="$(build_id "$1")"
  if [ -z "$id" ]; then refuse "$1 has no build id"; return 1; fi
  if [ "$(build_id "$2")" != "$id" ]; then refuse "$2 is not made from $1: their build ids differ"; return 1; fi
  if ! "${READELF:-readelf}" --sections --wide "$1" | grep -q '\.symtab'; then
    refuse "$1 has no symbols: a crash report could not be read with it"
    return 1
  fi
}

check_size() { # PACKAGED
  local size
  size="$(wc -c <"$1")"
  if [ "$size" -gt "$SIZE_BUDGET" ]; then
    refuse "$1 has $(megabytes "$size"), over the budget of $(megabytes "$SIZE_BUDGET")"
    return 1
  fi
  echo "$(basename "$1"): $(megabytes "$size") of $(megabytes "$SIZE_BUDGET")"
}

# Runs every check on one library.
check_library() { # UNSTRIPPED PACKAGED
  check_alignment "$2" && check_crash_reports "$1" "$2" && scripts/check-symbols.sh "$2" JNI_OnLoad && check_size "$2"
}

build_id() { "${READELF:-readelf}" --notes --wide "$1" | sed -n 's/.*Build ID: *//p'; }
megabytes() { awk -v bytes="$1" 'BEGIN { printf "%.1f MiB", bytes / 1048576 }'; }
refuse() { echo "$*" >&2; }
