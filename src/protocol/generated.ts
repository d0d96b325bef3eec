// Generated from rust-core/src/protocol by `./dev generate`. Do not edit.

/**
 * A command with the id that its answer will carry.
 */
export type Envelope = { requestId: string, } & ({ "type": "acquire", leaseId: string, 
/**
 * Who asks, for the flight recorder; for example a component's name.
 */
owner: string, model: ModelConfig, } | { "type": "release", leaseId: string, } | { "type": "unload", path: string, } | { "type": "generate" } & GenerateCommand | { "type": "cancel", generationId: string, } | { "type": "disposeScope", scope: string, } | { "type": "getTranscript", scope: string, } | { "type": "replay", generationId: string, offset: number, } | { "type": "recordMount", owner: string, path: string, mount: Mount, } | { "type": "getLifecycle" });

export type Command = { "type": "acquire", leaseId: string, 
/**
 * Who asks, for the flight recorder; for example a component's name.
 */
owner: string, model: ModelConfig, } | { "type": "release", leaseId: string, } | { "type": "unload", path: string, } | { "type": "generate" } & GenerateCommand | { "type": "cancel", generationId: string, } | { "type": "disposeScope", scope: string, } | { "type": "getTranscript", scope: string, } | { "type": "replay", generationId: string, offset: number, } | { "type": "recordMount", owner: string, path: string, mount: Mount, } | { "type": "getLifecycle" };

/**
 * One turn of a scope. The generation holds a lease of its own until it has finished. Turns of one scope run in the
 * order in which they were sent.
 */
export type GenerateCommand = { generationId: string, model: ModelConfig, 
/**
 * The conversation, made on first use.
 */
scope: string, 
/**
 * Messages added to the stored transcript. Either this or `messages`.
 */
append?: Array<Message>, 
/**
 * The whole transcript, replacing the stored one from the first difference.
 */
messages?: Array<Message>, options?: GenerateOptions, };

/**
 * One message of a transcript.
 */
export type Message = { role: Role, content: string, };

export type Role = "system" | "user" | "assistant";

export type Mount = "mounted" | "unmounted";

/**
 * Which model, and how it is loaded. Two configs that lead to the same engine never cause a reload: a field left out
 * equals whatever was chosen for it.
 */
export type ModelConfig = { 
/**
 * Path of a GGUF file.
 */
path: string, 
/**
 * Tokens of context per scope. Left out: the model's trained length, at most 4,096.
 */
contextSize?: number, 
/**
 * Scopes that can be resident at once. Left out: as many as `kvBudgetBytes` holds, 1 to 16.
 */
slots?: number, 
/**
 * Bytes that the KV memory of all slots may take. Left out: 512 MiB.
 */
kvBudgetBytes?: number, 
/**
 * The most compute threads; the governor may use fewer. Left out: the number of performance cores.
 */
threads?: number, 
/**
 * Where the weights live.
 */
device?: DevicePreference, 
/**
 * Milliseconds that the model stays loaded after its last lease was released. Left out: 300,000. `0`: unload at
 * once. `null`: never unload.
 */
keepAliveMs?: number | null, };

/**
 * Where the weights live.
 */
export type DevicePreference = "auto" | "cpu" | "gpu";

/**
 * How one generation is sampled and when it ends. Every request has its own; none changes another's.
 */
export type GenerateOptions = { 
/**
 * 0 is greedy. 0 to 10; left out: 0.8.
 */
temperature?: number, 
/**
 * Keep the k likeliest tokens. 0 keeps all; left out: 40.
 */
topK?: number, 
/**
 * Keep the likeliest tokens that together have this probability. 0 to 1; left out: 0.95.
 */
topP?: number, 
/**
 * Drop tokens less likely than this share of the likeliest. 0 to 1; left out: 0.05.
 */
minP?: number, 
/**
 * Divides the logits of tokens seen in the window. Above 0, to 10; left out: 1 (off).
 */
repeatPenalty?: number, 
/**
 * Subtracted once per occurrence. -2 to 2; left out: 0.
 */
frequencyPenalty?: number, 
/**
 * Subtracted once if seen. -2 to 2; left out: 0.
 */
presencePenalty?: number, 
/**
 * Tokens that the penalties look back on. 0 to 4,096; left out: 64.
 */
penaltyWindow?: number, 
/**
 * Same seed, same options, same prompt: same choices. Left out: random.
 */
seed?: number, 
/**
 * Texts that end the answer; none of them is delivered. At most 16 of 1 to 256 bytes each.
 */
stop?: Array<string>, 
/**
 * Ends the answer after this many tokens, with reason `length`. Left out: as long as the context holds.
 */
maxOutputTokens?: number, 
/**
 * Whether a cancelled or failed answer keeps, in transcript and KV, what was delivered. Left out: false, the turn
 * goes back whole.
 */
keepPartial?: boolean, };

/**
 * What a host's pump thread pulls: the events of at most 16 ms.
 */
export type Batch = { epoch: string, events: Array<NumberedEvent>, };

export type NumberedEvent = { seq: number, } & ({ "type": "done", requestId: string, } | { "type": "failed", requestId: string, error: ErrorInfo, } | { "type": "transcript", requestId: string, scope: string, revision: number, messages: Array<Message>, } | { "type": "replay", requestId: string, generationId: string, offset: number, text: string, } | { "type": "lifecycle", requestId: string, records: Array<LifecycleRecord>, } | { "type": "modelChanged", model: ModelState, } | { "type": "scopeChanged", scope: ScopeSummary, } | { "type": "scopeDisposed", scope: string, } | { "type": "transcriptChanged", scope: string, revision: number, from: number, messages: Array<Message>, } | { "type": "generationQueued", generation: GenerationState, } | { "type": "phaseChanged", generationId: string, phase: GenerationPhase, } | { "type": "textDelta", generationId: string, offset: number, text: string, } | { "type": "recorded", record: LifecycleRecord, });

export type Event = { "type": "done", requestId: string, } | { "type": "failed", requestId: string, error: ErrorInfo, } | { "type": "transcript", requestId: string, scope: string, revision: number, messages: Array<Message>, } | { "type": "replay", requestId: string, generationId: string, offset: number, text: string, } | { "type": "lifecycle", requestId: string, records: Array<LifecycleRecord>, } | { "type": "modelChanged", model: ModelState, } | { "type": "scopeChanged", scope: ScopeSummary, } | { "type": "scopeDisposed", scope: string, } | { "type": "transcriptChanged", scope: string, revision: number, from: number, messages: Array<Message>, } | { "type": "generationQueued", generation: GenerationState, } | { "type": "phaseChanged", generationId: string, phase: GenerationPhase, } | { "type": "textDelta", generationId: string, offset: number, text: string, } | { "type": "recorded", record: LifecycleRecord, };

export type LifecycleRecord = { 
/**
 * Milliseconds since the Unix epoch.
 */
at: number, 
/**
 * Path of the model.
 */
model: string, event: LifecycleEvent, 
/**
 * Why it happened, for a person.
 */
reason: string, };

export type LifecycleEvent = { "type": "mounted", owner: string, } | { "type": "unmounted", owner: string, } | { "type": "acquired", owner: string, reused: boolean, } | { "type": "released", owner: string, } | { "type": "loading" } | { "type": "ready" } | { "type": "idle" } | { "type": "unloading" } | { "type": "unloaded" } | { "type": "failed", error: ErrorInfo, } | { "type": "threadsChanged", from: number, to: number, } | { "type": "scopeDropped", scope: string, };

/**
 * Everything a client knows at once. `seq` is the number of the last event that it includes.
 */
export type Snapshot = { 
/**
 * Changes when the numbering starts anew: another client, another process.
 */
epoch: string, seq: number, models: Array<ModelState>, scopes: Array<ScopeSummary>, 
/**
 * Queued, running, and the last few finished generations, oldest first.
 */
generations: Array<GenerationState>, devices: Array<Device>, };

/**
 * One model that the manager knows.
 */
export type ModelState = { 
/**
 * The path that it was asked for by; its identity.
 */
path: string, 
/**
 * As last asked for.
 */
config: ModelConfig, status: ModelStatus, leases: Array<Lease>, 
/**
 * How often the weights were loaded since the process started. 1 is the number to hope for.
 */
loads: number, };

export type ModelStatus = { "type": "unloaded" } | { "type": "loading", progress: number, } | { "type": "ready", info: ModelInfo, } | { "type": "idle", info: ModelInfo, } | { "type": "unloading" } | { "type": "failed", error: ErrorInfo, };

/**
 * Who keeps a model loaded.
 */
export type Lease = { owner: string, };

/**
 * What a loaded model turned out to be: every "auto" replaced by what was chosen.
 */
export type ModelInfo = { 
/**
 * llama.cpp's one-line description, such as "llama 1B Q4_0".
 */
description: string, sizeBytes: number, parameterCount: number, trainedContextSize: number, 
/**
 * Tokens of context per scope.
 */
contextSize: number, slots: number, 
/**
 * Compute threads in use now; the governor changes it.
 */
threads: number, 
/**
 * Where the weights are.
 */
device: DeviceKind, 
/**
 * Whether the file brings a chat template of its own.
 */
hasChatTemplate: boolean, };

export type ScopeSummary = { id: string, 
/**
 * Path of the model that answered last.
 */
model: string, messageCount: number, 
/**
 * Tokens of this scope that the model has in its KV memory.
 */
cachedTokens: number, residency: Residency, 
/**
 * Grows with every change of the transcript.
 */
revision: number, 
/**
 * Milliseconds since the Unix epoch.
 */
lastUsedAt: number, };

/**
 * The fastest place where a scope's KV is.
 */
export type Residency = "resident" | "uncached";

export type GenerationState = { id: string, scope: string, 
/**
 * Path of the model.
 */
model: string, phase: GenerationPhase, 
/**
 * The answer so far.
 */
text: string, };

export type GenerationPhase = { "type": "queued" } | { "type": "prefilling", done: number, total: number, } | { "type": "decoding" } | { "type": "finished", outcome: Outcome, };

/**
 * How a generation ended.
 */
export type Outcome = { reason: FinishReason, 
/**
 * Present if, and only if, `reason` is `failed`.
 */
error?: ErrorInfo, usage: Usage, timings: Timings, };

export type FinishReason = "stop" | "length" | "cancelled" | "failed";

/**
 * Tokens of one generation.
 */
export type Usage = { 
/**
 * `cachedTokens` plus `prefilledTokens`.
 */
promptTokens: number, 
/**
 * Prompt tokens that were in the KV memory already.
 */
cachedTokens: number, 
/**
 * Prompt tokens that had to be computed.
 */
prefilledTokens: number, outputTokens: number, };

/**
 * Milliseconds of one generation, each measured from the end of the phase before.
 */
export type Timings = { 
/**
 * Waiting: for the load, the scope's earlier turn, a slot.
 */
queuedMs: number, prefillMs: number, decodeMs: number, 
/**
 * From the request to the first token.
 */
firstTokenMs: number, };

/**
 * Something that computes.
 */
export type Device = { name: string, kind: DeviceKind, description: string, memoryBytes: number, 
/**
 * Instruction sets that this build uses here, such as "AVX512_VNNI".
 */
features: Array<string>, };

export type DeviceKind = "cpu" | "gpu" | "accelerator";

/**
 * An error as JavaScript, Kotlin and Swift see it, and as Rust carries it.
 */
export type ErrorInfo = { code: ErrorCode, 
/**
 * What failed, on what, and what to do. Never holds prompt or answer text.
 */
detail: string, };

/**
 * The stable name of a failure. Apps may match on it; texts may change, codes do not.
 */
export type ErrorCode = "invalidCommand" | "invalidOptions" | "modelNotFound" | "modelInvalid" | "modelUnsupported" | "outOfMemory" | "optionsConflict" | "loadCancelled" | "cancelled" | "busy" | "contextFull" | "templateFailed" | "scopeNotFound" | "generationNotFound" | "modelNotKnown" | "modelUnloaded" | "engineCrashed" | "inferenceFailed" | "closed";
