# shellcheck shell=bash
# Sourced: what must hold for a library that Android loads, and how it is stripped for the package. The host's library is
# linked the same way, so the checks run on it too. NM, READELF and STRIP name the tools; the NDK's read any CPU's.

# Bytes of one stripped library. Where one has good reason to be larger, raise it; the reason belongs in the commit.
SIZE_BUDGET=$((18 * 1024 * 1024))
# Android's largest page.
PAGE_SIZE=16384

# What crash reports are read with stays in UNSTRIPPED; PACKAGED is what an app carries.
strip_library() { # UNSTRIPPED PACKAGED
  "${STRIP:-strip}" --strip-unneeded -o "$2" "$1"
}

# A phone with pages of 16 KB refuses a library with a segment that is aligned for less.
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

# A crash report names a library by its build id. Without one, or without symbols, it cannot be read.
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

# All of it, for one library.
check_library() { # UNSTRIPPED PACKAGED
  check_alignment "$2" && check_crash_reports "$1" "$2" && scripts/check-symbols.sh "$2" JNI_OnLoad && check_size "$2"
}

build_id() { "${READELF:-readelf}" --notes --wide "$1" | sed -n 's/.*Build ID: *//p'; }
megabytes() { awk -v bytes="$1" 'BEGIN { printf "%.1f MiB", bytes / 1048576 }'; }
refuse() { echo "$*" >&2; }
