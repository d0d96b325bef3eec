// Checks that RNLlamaRs.mm forwards: runs it between a Swift class and a base of the generated spec that record their
// calls.
#import <LlamaRs/LlamaRs-Swift.h>
#import <RNLlamaRsSpec/RNLlamaRsSpec.h>
#import <React/RCTInvalidating.h>

#include <cstdio>
#include <cstdlib>

extern "C" void *_Block_copy(const void *block);

static NSMutableArray<NSString *> *calls;
static Class registered;
static void (^emit)(NSString *);
static int poolsDrained;

extern "C" void RCTRegisterModule(Class module)
{
  registered = module;
}

dispatch_queue_t dispatch_queue_create(const char *label, void *attributes)
{
  return (dispatch_queue_t)[[NSMutableString alloc] initWithFormat:@"%s %s", label, attributes == nullptr ? "serial" : "not serial"];
}

@implementation LlamaImpl
- (nonnull instancetype)initWithEmit:(void (^)(NSString *))block
{
  emit = (void (^)(NSString *))_Block_copy((const void *)block);
  return [super init];
}
- (NSString *)snapshot
{
  return @"the snapshot";
}
- (void)send:(NSString *)command
{
  [calls addObject:[@"send " stringByAppendingString:command]];
}
- (void)invalidate
{
  [calls addObject:@"invalidate"];
}
@end

/// Counts drained pools: it is freed with the pool that holds it.
@interface Canary : NSObject
@end
@implementation Canary
- (void)dealloc
{
  poolsDrained += 1;
  [super dealloc];
}
@end

@implementation NativeLlamaRsSpecBase
- (void)emitOnEvents:(NSString *)value
{
  [[[Canary alloc] init] autorelease];
  [calls addObject:[@"emit " stringByAppendingString:value]];
}
- (void)setEventEmitterCallback:(EventEmitterCallbackWrapper *)wrapper
{
}
@end

static void expect(bool isTrue, const char *what)
{
  if (isTrue) return;
  std::fprintf(stderr, "RNLlamaRs.mm: this does not hold: %s\n", what);
  std::exit(1);
}

int main()
{
  @autoreleasepool {
    calls = [NSMutableArray new];
    expect(registered != Nil, "it registers itself with React Native");
    expect([[registered moduleName] isEqual:@"LlamaRs"], "its name is LlamaRs");
    expect(![registered requiresMainQueueSetup], "it is made on any thread");
    id<NativeLlamaRsSpec, RCTInvalidating> module = [[registered alloc] init];
    id queue = (id)[module methodQueue];
    expect([queue isEqual:@"llama serial"], "it has a serial queue of its own");
    expect([module methodQueue] == queue, "the queue stays the same");
    expect([[module snapshot] isEqual:@"the snapshot"], "snapshot forwards");
    [module send:@"a command"];
    emit(@"a batch");
    expect(poolsDrained == 1, "what an emit leaves behind is freed with it");
    [module invalidate];
    NSArray *expected = @[ @"send a command", @"emit a batch", @"invalidate" ];
    expect([calls isEqual:expected], "commands, batches and the end are forwarded, once, in order");
    std::puts("RNLlamaRs.mm: its types are right, and it forwards");
  }
}
