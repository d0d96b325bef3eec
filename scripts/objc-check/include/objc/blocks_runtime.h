// GNUstep looks for it where blocks are on; clang knows them without.
