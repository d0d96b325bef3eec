// The names that were replaced, where they must not come back, and what to call the thing instead.

/**
 * A rule holds for the files whose path matches `where`, but for those that match `but`. With `of: 'path'` the name is
 * the file's.
 */
export const rules = [
  ...rulesFor(
    { where: /^rust-core\/src\/.*\.rs$/ },
    // The manager.
    [/errand/i, 'tasks/one_shot, ModelTask'],
    [/(?<!Cow::)\bBorrowed\b/, 'LoadedModelRef'],
    [/\bguess(es|ing|ed)?\b|\bGuess\b/, 'prefill_ahead, PrefillJob'],
    [/\bAhead\b/, 'RunningPrefill'],
    [/\bbringing\b|BringingLoader/, 'library/resolve, ResolvingLoader'],
    [/\bNeeded\b/, 'AuxiliaryEstimate'],
    [/\bBeside\b(?! )/, 'StepLimits'],
    [/\bRoom\b(?! )/, 'PendingEviction, or TokenBudget'],
    [/\bLeaving\b(?! )/, 'PendingExits, or DroppedScopes'],
    [/by_hand/, 'commands'],
    [/\bfullness\b/, 'context_usage'],
    [/\bopen_calls\b|\bOpenCalls?\b/, 'unanswered_tool_calls'],
    [/\bbirth\b/, 'incarnation'],
    [/\bTaken\b(?! )/, 'KvCopy'],
    [/\bWhen::/, 'SavePolicy::{Always, IfCheaper}'],
    [/\bcaught\(/, 'catch_template_panic'],
    [/\baside(::<[^>]*>)?\(/, 'run_blocking'],
    [/\bState::Refused\b/, 'State::Deferred'],
    // The engine and what it calls.
    [/\b(choose_)?donors?\b|\bDonor\b/, 'prefix_source'],
    [/\bgauge\b|\bGauge\b/, 'bench_context'],
    [/\bMeasuring\b(?! )|\bmeasuring::/, 'bench_run'],
    [/\bCourse\b(?! )/, 'BenchPlan'],
    [/\bBenching\b/, 'PendingBench'],
    [/\bactivity::|\bActivity\b(?! )/, 'run_state, RunState'],
    [/\btrait Work\b|\bwork::Work\b|\bdyn Work\b/, 'engine_loop, EngineLoop'],
    [/\bReading::(Pieces|Whole)\b/, 'Attention::{Causal, Bidirectional}'],
    [/\bAround\b(?! )/, 'SpecialTokens::{None, Default}'],
    [/\b(struct|impl) Parked\b|(\bArc<|\bWeak<|&)Parked\b|\bParked::new\b/, 'KvSnapshot'],
    [/\bshelf\b|\bShelf\b/, 'disk_index'],
    [/\bcrate::residency\b/, 'crate::kv'],
    [/\bcrate::readable\b|\breadable::/, 'human_bytes'],
    [/\bcrate::hub\b|\bhub::Hub\b|\bModelHub\b/, 'events::Bus; for Hugging Face, store::huggingface'],
    // The store.
    [/\bTrouble\b|\btrouble\b(?=::|\()/, 'TransferError'],
    [/\bTried\b(?! )|\bRemedy\b/, 'TransferResult; RetryAdvice'],
    // What crosses the port.
    [/\bRenderPrompt\b|\brender_prompt\b/, 'ApplyChatTemplate'],
    [/\bDisposeScope\b|\bScopeDisposed\b|\bdispose_scope\b/, 'DeleteScope, ScopeDeleted'],
    [/\bEraseAll\b|\berase_all\b/, 'DeleteAllScopes'],
    [/\bGetLifecycle\b|\bget_lifecycle\b/, 'ReadLog'],
    [/\bNoGpu\b|\bno_gpu\b|\bNoGpuReason\b/, 'GpuUnavailable'],
    [/\bOverflow::Shift\b/, 'Overflow::DropOldest'],
    [/\bPersist::Kv\b/, 'Persist::Full'],
    [/\bowner: String\b|\bowner: "/, 'debug_label'],
    [/\bslots: Option<u32>/, 'max_resident'],
  ),
  ...rulesFor({ where: /^rust-core\/src\/manager\/scope/ }, [/\bNumber\b(?! )/, 'Stamp']),
  ...modules('manager', {
    errands: 'tasks/one_shot',
    guessing: 'generations/prefill_ahead',
    bringing: 'library/resolve',
    browsing: 'library/hub_catalog',
    headers: 'library/remote_headers',
    beside: 'auxiliary_memory',
    room: 'eviction',
    by_hand: 'commands',
    places: 'location',
    opening: 'attach',
    fullness: 'context_usage',
    open_calls: 'unanswered_tool_calls',
  }),
  ...modules('engine', {
    guessing: 'prefill_ahead',
    donor: 'prefix_source',
    sharing: 'prefix_reuse',
    measuring: 'bench_run',
    elsewhere: 'renamed_errors',
    opening: 'file_opener',
    work: 'engine_loop',
    activity: 'run_state',
  }),
  ...modules('llama', { gauge: 'bench_context' }),
  ...modules('(?:residency|kv)', { worth: 'save_policy', shelf: 'disk_index', parking: 'ram_cache' }),
  ...modules('protocol', { halves: 'lone_surrogates', raw: 'rendered_prompt' }),
  ...modules('(?:store|files)', {
    trouble: 'transfer_error',
    held: 'locked',
    view: 'link_set',
    tidy: 'gc',
    sentence: 'apply',
    pour: 'copy_chunks',
    whole: 'atomic_write',
  }),
  ...modules('', { readable: 'human_bytes', hub: 'events', residency: 'kv' }),
  // TypeScript, and JSON of the protocol in every language.
  ...rulesFor(
    {
      where:
        /^(src|example|tests|node|models|scripts|fixtures|android|ios|ffi|rust-core|docs|README|CONTRIBUTING)\b.*\.(tsx?|mjs|js|json|rs|kt|swift|mm|md)$/,
      but: /^scripts\/check-words\/|^fixtures\/old-pattern\/|^docs\/(decisions|migrating)/,
    },
    [/\brenderPrompt\b/, 'applyChatTemplate'],
    [/\bregisterResident\b/, 'reserveMemory'],
    [/\bdisposeScope\b/, 'deleteScope'],
    [/\bscopeDisposed\b/, 'scopeDeleted'],
    [/\beraseAll\b/, 'deleteAllScopes'],
    [/\bgetLifecycle\b/, 'readLog'],
    [/\btype['"]?: ['"]lifecycle['"]/, "'log'"],
    [/\bnoGpu\b|\bNoGpu\b/, 'gpuUnavailable'],
    [/\bopenCalls\b|\bOpenCalls?\b/, 'pendingToolCalls'],
    [/\bstate: 'left'|\| 'left'/, "'unanswered'"],
    [/\boverflow['"]?\??: ['"]shift['"]|\| 'shift'|'shift' \|/, "'dropOldest'"],
    [/\bpersist['"]?\??: ['"]kv['"]|'kv' \||\| 'kv'/, "'full'"],
    [/['"]owner['"]: /, 'debugLabel'],
    [/\bLlamaSpec\b|\bNativeLlamaSpec\b|\bsrc\/NativeLlama\b/, 'RNLlamaRsSpec, NativeLlamaRs'],
  ),
  ...rulesFor(
    {
      where: /^(src|example|tests|node|docs|README)\b.*\.(tsx?|mjs|md)$/,
      but: /^src\/swapping\/|^docs\/(decisions|migrating)/,
    },
    [/(?<![.\w])owner\??: (string|['"`])|\bowner=[{"]|\.owner\b/, 'debugLabel'],
    [/(?<!\w)['"]?slots['"]?\??: (number|\d)/, 'maxResident'],
    [/\.lifecycle\(\)/, 'readLog'],
    [/\b\w*[cC]lient\.records\b/, 'client.log'],
    [/\.approve\(/, 'approveToolCall(id), denyToolCall(id)'],
    [/\bconversation\(state\b/, 'messagesOf(state)'],
    [/\bmodel\.reload\b|\bonPress=\{reload\}/, 'retry'],
    [/\bchat\.prepare\b/, 'chat.prefill'],
  ),
];

function rulesFor(scope, ...names) {
  return names.map(([old, call]) => ({ ...scope, old, call }));
}

/**
 * Names that are good English elsewhere, and were names of modules: `mod` lines and files of a folder of the Rust core.
 */
function modules(folder, names) {
  const [declared, inside] = folder === '' ? ['lib\\.rs$', ''] : [`${folder}/`, `${folder}/(?:.*/)?`];
  return Object.entries(names).flatMap(([old, call]) => [
    { where: new RegExp(`^rust-core/src/${declared}`), old: new RegExp(`\\bmod ${old};`), call },
    { where: /^rust-core\/src\//, of: 'path', old: new RegExp(`^rust-core/src/${inside}${old}(?:\\.rs$|/)`), call },
  ]);
}

/** How no sentence begins: the subject comes first, and it is a thing with a name. */
export const openers = /(?<![\w'"`“(])(Whoever|Whatever|Nobody|Somebody|What is|Those that)\b/g;
