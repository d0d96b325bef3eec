// React Native's headers ask for it; the types that they take from it are named in prefix.h.
#import <Foundation/Foundation.h>
