#!/bin/sh
# Stands in for a C compiler and its archiver where types are checked and nothing is linked: makes every file that it is asked
# to make, with nothing in it.
while [ $# -gt 0 ]; do
  case "$1" in
    -o) : >"$2" ;;
    -Fo*) : >"${1#-Fo}" ;;
    *.a) : >"$1" ;;
  esac
  shift
done
