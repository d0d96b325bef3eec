#!/bin/sh
# Stands in for a C compiler and its archiver where types are checked and nothing is linked. Writes every requested
# file, empty.
while [ $# -gt 0 ]; do
  case "$1" in
    -o) : >"$2" ;;
    -Fo*) : >"${1#-Fo}" ;;
    *.a) : >"$1" ;;
  esac
  shift
done
