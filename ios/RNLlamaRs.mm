#import <RNLlamaRsSpec/RNLlamaRsSpec.h>
#import <React/RCTInvalidating.h>

#if __has_include(<LlamaRs/LlamaRs-Swift.h>)
#import <LlamaRs/LlamaRs-Swift.h>
#else
#import "LlamaRs-Swift.h"
#endif

/// The TurboModule `LlamaRs`. Forwards to Swift, which React Native cannot call by itself, and does nothing else.
@interface RNLlamaRs : NativeLlamaRsSpecBase <NativeLlamaRsSpec, RCTInvalidating> {
  LlamaImpl *_impl;
  dispatch_queue_t _methodQueue;
}
@end

@implementation RNLlamaRs

// The module has a serial queue of its own, so that commands keep their order and wait for no other module.
@synthesize methodQueue = _methodQueue;

RCT_EXPORT_MODULE(LlamaRs)

+ (BOOL)requiresMainQueueSetup
{
  return NO;
}

- (instancetype)init
{
  if (self = [super init]) {
    _methodQueue = dispatch_queue_create("llama", DISPATCH_QUEUE_SERIAL);
    // The block keeps this module alive until `invalidate`, which React Native always calls.
    _impl = [[LlamaImpl alloc] initWithEmit:^(NSString *batch) {
      @autoreleasepool {
        [self emitOnEvents:batch];
      }
    }];
  }
  return self;
}

- (NSString *)snapshot
{
  return [_impl snapshot];
}

- (void)send:(NSString *)command
{
  [_impl send:command];
}

- (void)invalidate
{
  [_impl invalidate];
}

- (std::shared_ptr<facebook::react::TurboModule>)getTurboModule:
    (const facebook::react::ObjCTurboModule::InitParams &)params
{
  return std::make_shared<facebook::react::NativeLlamaRsSpecJSI>(params);
}

@end
