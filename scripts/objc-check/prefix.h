// Declarations that Apple's headers contain and GNUstep's lack. C++ comes first: its headers use names that become
// macros.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>
#import <Foundation/Foundation.h>

@protocol OS_dispatch_queue <NSObject>
@end
typedef NSObject<OS_dispatch_queue> *dispatch_queue_t;
typedef void (^dispatch_block_t)(void);
extern "C" dispatch_queue_t dispatch_queue_create(const char *label, void *attributes);
#define DISPATCH_QUEUE_SERIAL NULL
#define kCFNull ((id)[NSNull null])
#define __deprecated_msg(text) __attribute__((deprecated(text)))
#undef NS_UNAVAILABLE
#define NS_UNAVAILABLE __attribute__((unavailable))
@class UIView;
#define __nullable _Nullable
