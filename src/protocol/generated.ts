// Generated from rust-core/src/protocol by `./dev generate`. Do not edit.

/**
 * A command with the id that its answer will carry.
 */
export type Envelope = { 
/**
 * Made by the caller, unique in its client; the answer carries it.
 */
requestId: string, } & ({ "type": "acquire", 
/**
 * Made by the caller, 1 to 256 bytes. An id that is held already gives the lease back that it stood for.
 */
leaseId: string, 
/**
 * Who asks, for the flight recorder; for example a component's name.
 */
owner: string, 
/**
 * Which model, and how it is to be loaded.
 */
model: ModelConfig, } | { "type": "release", 
/**
 * As given to `acquire`. One that is not held is no error.
 */
leaseId: string, } | { "type": "unload", 
/**
 * Path of the model as it was acquired by; any other spelling is `modelNotKnown`.
 */
path: string, } | { "type": "generate" } & GenerateCommand | { "type": "prefill" } & PrefillCommand | { "type": "tokenize", 
/**
 * Whose vocabulary.
 */
model: ModelConfig, 
/**
 * None is added, neither in front nor behind.
 */
text: string, 
/**
 * Whether the names of control tokens in the text, such as `<|im_start|>`, are those tokens. Left out: they are text.
 */
special?: boolean, } | { "type": "detokenize", 
/**
 * Whose vocabulary.
 */
model: ModelConfig, 
/**
 * `invalidOptions` names the first one that is not in the vocabulary.
 */
tokens: Array<number>, } | { "type": "renderPrompt", 
/**
 * Whose template.
 */
model: ModelConfig, 
/**
 * At least one; the last one is not the assistant's.
 */
messages: Array<Message>, } | { "type": "embed" } & EmbedCommand | { "type": "cancelEmbed", 
/**
 * As it was asked for by this client. One that is not at work is no error.
 */
embeddingId: string, } | { "type": "bench" } & BenchCommand | { "type": "cancelBench", 
/**
 * As it was asked for by this client. One that is not at work is no error.
 */
benchId: string, } | { "type": "cancel", 
/**
 * `generationNotFound` when the manager knows none of this id; one that has finished is no error.
 */
generationId: string, } | { "type": "disposeScope", 
/**
 * `scopeNotFound` when there is none of this id.
 */
scope: string, } | { "type": "park", 
/**
 * `scopeNotFound` when there is none of this id, `busy` while a turn of it runs or waits.
 */
scope: string, } | { "type": "restore", 
/**
 * `notCached` when there is nothing to put back, `busy` while a turn of it runs or waits.
 */
scope: string, } | { "type": "save", 
/**
 * `storageUnavailable` when no directory is known or the scope's `persist` is `none`, `storageFailed` when it could
 * not be written.
 */
scope: string, } | { "type": "fork", 
/**
 * The scope to be copied; `busy` while a turn of it runs or waits.
 */
scope: string, 
/**
 * Id of the copy; `invalidOptions` when it is taken.
 */
fork: string, 
/**
 * Messages that the copy begins with. Left out: all.
 */
messageCount?: number, } | { "type": "rewindTo", 
/**
 * `busy` while a turn of it runs or waits.
 */
scope: string, 
/**
 * Index of the first message that goes; `invalidOptions` beyond the end.
 */
messageIndex: number, } | { "type": "setPersist", 
/**
 * `scopeNotFound` when there is none of this id.
 */
scope: string, 
/**
 * From now on.
 */
persist: Persist, } | { "type": "eraseAll" } | { "type": "suspend", 
/**
 * Milliseconds that saving may take; 0 saves nothing.
 */
deadlineMs: number, 
/**
 * What is waited for first. Left out: nothing.
 */
after?: SuspendAfter, } | { "type": "resume" } | { "type": "setHeat", 
/**
 * From now on, for every model. At first: `nominal`.
 */
heat: Heat, } | { "type": "trim", 
/**
 * How far to go.
 */
level: TrimLevel, } | { "type": "canLoad", 
/**
 * As `acquire` would have it.
 */
model: ModelConfig, } | { "type": "configure", 
/**
 * Bytes that models, parked scopes and residents may take together. A load that would exceed it first makes room,
 * then is refused as `outOfMemory`, unless it has `force`. What is loaded stays. At first: what the system has
 * free.
 */
memoryBudgetBytes?: number, 
/**
 * Bytes of saved KV on disk; beyond them the least recently used is removed. At first: 2 GiB.
 */
savedBudgetBytes?: number, 
/**
 * Bytes of models that came from servers; before a new one comes, the least recently used that nobody uses are
 * removed. At first: as much as fits.
 */
modelsBudgetBytes?: number, } | { "type": "setHub", 
/**
 * Address of a hub that speaks as `https://huggingface.co` does. Left out: as before; at first that one.
 */
endpoint?: string, 
/**
 * Sent to the hub, and to nobody else. Left out: none.
 */
token?: string, } | { "type": "browseHub", 
/**
 * `hf:org/repo`, with `@revision` after it where that matters; a quantization or a file in it is left out of account.
 */
repository: string, } | { "type": "download", 
/**
 * A URL, or a name of the hub.
 */
name: string, 
/**
 * What the file of a URL must be, in 64 hexadecimal digits. The hub says it by itself.
 */
sha256?: string, } | { "type": "pauseDownload", 
/**
 * As it was asked for.
 */
name: string, } | { "type": "cancelDownload", 
/**
 * As it was asked for.
 */
name: string, } | { "type": "importModel", 
/**
 * A path, or what a file picker gave (`file:`; `content:` where the host can open it). `invalidOptions` for anything else.
 */
path: string, 
/**
 * What it is called from now on, in place of what the name meant before: what a file picker gave, `asset:`, a URL or a name of
 * the hub. `invalidOptions` for a path, which means the file there; `busy` while something of this name comes in.
 */
name: string, } | { "type": "verifyStoredModel", 
/**
 * As it was asked for.
 */
name: string, } | { "type": "listStoredModels" } | { "type": "removeStoredModel", 
/**
 * As it was asked for.
 */
name: string, } | { "type": "setResident", 
/**
 * Its whole state.
 */
resident: Resident, } | { "type": "removeResident", 
/**
 * As given to `setResident`.
 */
id: string, } | { "type": "getTranscript", 
/**
 * `scopeNotFound` when there is none of this id.
 */
scope: string, } | { "type": "replay", 
/**
 * Queued, running or recently finished; else `generationNotFound`.
 */
generationId: string, 
/**
 * Where to begin, in UTF-16 code units; at or beyond the text's end the answer is empty.
 */
offset: number, } | { "type": "recordMount", 
/**
 * The component's name.
 */
owner: string, 
/**
 * Path of the model that it uses.
 */
path: string, 
/**
 * Which of the two happened.
 */
mount: Mount, } | { "type": "getLifecycle" });

/**
 * What can be asked, by `type`. A field that a command does not know is refused as `invalidCommand`.
 */
export type Command = { "type": "acquire", 
/**
 * Made by the caller, 1 to 256 bytes. An id that is held already gives the lease back that it stood for.
 */
leaseId: string, 
/**
 * Who asks, for the flight recorder; for example a component's name.
 */
owner: string, 
/**
 * Which model, and how it is to be loaded.
 */
model: ModelConfig, } | { "type": "release", 
/**
 * As given to `acquire`. One that is not held is no error.
 */
leaseId: string, } | { "type": "unload", 
/**
 * Path of the model as it was acquired by; any other spelling is `modelNotKnown`.
 */
path: string, } | { "type": "generate" } & GenerateCommand | { "type": "prefill" } & PrefillCommand | { "type": "tokenize", 
/**
 * Whose vocabulary.
 */
model: ModelConfig, 
/**
 * None is added, neither in front nor behind.
 */
text: string, 
/**
 * Whether the names of control tokens in the text, such as `<|im_start|>`, are those tokens. Left out: they are text.
 */
special?: boolean, } | { "type": "detokenize", 
/**
 * Whose vocabulary.
 */
model: ModelConfig, 
/**
 * `invalidOptions` names the first one that is not in the vocabulary.
 */
tokens: Array<number>, } | { "type": "renderPrompt", 
/**
 * Whose template.
 */
model: ModelConfig, 
/**
 * At least one; the last one is not the assistant's.
 */
messages: Array<Message>, } | { "type": "embed" } & EmbedCommand | { "type": "cancelEmbed", 
/**
 * As it was asked for by this client. One that is not at work is no error.
 */
embeddingId: string, } | { "type": "bench" } & BenchCommand | { "type": "cancelBench", 
/**
 * As it was asked for by this client. One that is not at work is no error.
 */
benchId: string, } | { "type": "cancel", 
/**
 * `generationNotFound` when the manager knows none of this id; one that has finished is no error.
 */
generationId: string, } | { "type": "disposeScope", 
/**
 * `scopeNotFound` when there is none of this id.
 */
scope: string, } | { "type": "park", 
/**
 * `scopeNotFound` when there is none of this id, `busy` while a turn of it runs or waits.
 */
scope: string, } | { "type": "restore", 
/**
 * `notCached` when there is nothing to put back, `busy` while a turn of it runs or waits.
 */
scope: string, } | { "type": "save", 
/**
 * `storageUnavailable` when no directory is known or the scope's `persist` is `none`, `storageFailed` when it could
 * not be written.
 */
scope: string, } | { "type": "fork", 
/**
 * The scope to be copied; `busy` while a turn of it runs or waits.
 */
scope: string, 
/**
 * Id of the copy; `invalidOptions` when it is taken.
 */
fork: string, 
/**
 * Messages that the copy begins with. Left out: all.
 */
messageCount?: number, } | { "type": "rewindTo", 
/**
 * `busy` while a turn of it runs or waits.
 */
scope: string, 
/**
 * Index of the first message that goes; `invalidOptions` beyond the end.
 */
messageIndex: number, } | { "type": "setPersist", 
/**
 * `scopeNotFound` when there is none of this id.
 */
scope: string, 
/**
 * From now on.
 */
persist: Persist, } | { "type": "eraseAll" } | { "type": "suspend", 
/**
 * Milliseconds that saving may take; 0 saves nothing.
 */
deadlineMs: number, 
/**
 * What is waited for first. Left out: nothing.
 */
after?: SuspendAfter, } | { "type": "resume" } | { "type": "setHeat", 
/**
 * From now on, for every model. At first: `nominal`.
 */
heat: Heat, } | { "type": "trim", 
/**
 * How far to go.
 */
level: TrimLevel, } | { "type": "canLoad", 
/**
 * As `acquire` would have it.
 */
model: ModelConfig, } | { "type": "configure", 
/**
 * Bytes that models, parked scopes and residents may take together. A load that would exceed it first makes room,
 * then is refused as `outOfMemory`, unless it has `force`. What is loaded stays. At first: what the system has
 * free.
 */
memoryBudgetBytes?: number, 
/**
 * Bytes of saved KV on disk; beyond them the least recently used is removed. At first: 2 GiB.
 */
savedBudgetBytes?: number, 
/**
 * Bytes of models that came from servers; before a new one comes, the least recently used that nobody uses are
 * removed. At first: as much as fits.
 */
modelsBudgetBytes?: number, } | { "type": "setHub", 
/**
 * Address of a hub that speaks as `https://huggingface.co` does. Left out: as before; at first that one.
 */
endpoint?: string, 
/**
 * Sent to the hub, and to nobody else. Left out: none.
 */
token?: string, } | { "type": "browseHub", 
/**
 * `hf:org/repo`, with `@revision` after it where that matters; a quantization or a file in it is left out of account.
 */
repository: string, } | { "type": "download", 
/**
 * A URL, or a name of the hub.
 */
name: string, 
/**
 * What the file of a URL must be, in 64 hexadecimal digits. The hub says it by itself.
 */
sha256?: string, } | { "type": "pauseDownload", 
/**
 * As it was asked for.
 */
name: string, } | { "type": "cancelDownload", 
/**
 * As it was asked for.
 */
name: string, } | { "type": "importModel", 
/**
 * A path, or what a file picker gave (`file:`; `content:` where the host can open it). `invalidOptions` for anything else.
 */
path: string, 
/**
 * What it is called from now on, in place of what the name meant before: what a file picker gave, `asset:`, a URL or a name of
 * the hub. `invalidOptions` for a path, which means the file there; `busy` while something of this name comes in.
 */
name: string, } | { "type": "verifyStoredModel", 
/**
 * As it was asked for.
 */
name: string, } | { "type": "listStoredModels" } | { "type": "removeStoredModel", 
/**
 * As it was asked for.
 */
name: string, } | { "type": "setResident", 
/**
 * Its whole state.
 */
resident: Resident, } | { "type": "removeResident", 
/**
 * As given to `setResident`.
 */
id: string, } | { "type": "getTranscript", 
/**
 * `scopeNotFound` when there is none of this id.
 */
scope: string, } | { "type": "replay", 
/**
 * Queued, running or recently finished; else `generationNotFound`.
 */
generationId: string, 
/**
 * Where to begin, in UTF-16 code units; at or beyond the text's end the answer is empty.
 */
offset: number, } | { "type": "recordMount", 
/**
 * The component's name.
 */
owner: string, 
/**
 * Path of the model that it uses.
 */
path: string, 
/**
 * Which of the two happened.
 */
mount: Mount, } | { "type": "getLifecycle" };

/**
 * One turn of a scope. The generation holds a lease of its own until it has finished. Turns of one scope run in the
 * order in which they were sent.
 */
export type GenerateCommand = { 
/**
 * Made by the caller, 1 to 256 bytes; one that the manager knows already is refused as `invalidOptions`.
 */
generationId: string, 
/**
 * The model that answers; loaded if it is not. Its `keepAliveMs` counts as the newest request's, also when left
 * out.
 */
model: ModelConfig, 
/**
 * The conversation, made on first use.
 */
scope: string, 
/**
 * Messages added to the stored transcript. One of this, `messages` and `prompt`.
 */
append?: Array<Message>, 
/**
 * The whole transcript, replacing the stored one from the first difference.
 */
messages?: Array<Message>, 
/**
 * Text to be gone on with, as it is: no template is applied, and the names of control tokens in it are those tokens. The
 * transcript is replaced by it, as the one message of a user. Options that speak to a template cannot be had beside it: tools,
 * `reasoning`, `reasoningBudgetTokens` and `chatTemplate`.
 */
prompt?: string, 
/**
 * What of the scope may be written to disk, from now on. Left out: as before; at first `kv`.
 */
persist?: Persist, 
/**
 * What happens when the conversation outgrows `contextSize`.
 */
overflow?: Overflow, 
/**
 * Sampling and limits of this turn alone. Left out: every default.
 */
options?: GenerateOptions, };

/**
 * What a scope's next turn may be. Nothing is said: transcript, revision and `lastUsedAt` stay, and no generation is made. What
 * changes is `cachedTokens`, and the residency. The turn that comes keeps as much of it as it shares.
 *
 * Nobody waits for it: it is computed where no turn is prefilled, and takes no lease. It fails as `modelUnloaded` where the
 * scope's model is not loaded, `suspended` while `suspend` holds, `busy` while a turn of the scope runs or waits, `contextFull`
 * where the turn would have to leave out others, and `cancelled` as soon as a newer one comes, or a `generate`, `park`,
 * `rewindTo` or `disposeScope` of the scope, or `suspend`. What was computed by then stays.
 */
export type PrefillCommand = { 
/**
 * The conversation; `scopeNotFound` when there is none of this id. The model that answered it last computes.
 */
scope: string, 
/**
 * As `generate` would add them. Either this or `messages`. An empty last message stands for one of which nothing is known.
 */
append?: Array<Message>, 
/**
 * As `generate` would replace the transcript by them.
 */
messages?: Array<Message>, 
/**
 * Whether the last message's last word may become another one: it is not computed then. A word ends at a white space, so
 * leave it out for languages that have none.
 */
open?: boolean, };

/**
 * Asks for one vector for each text. Answered by `embeddings`, all at once. Loads the model as `generate` does, and fails as that
 * would; the model is held until the answer. Nothing of it is said, and no scope changes.
 *
 * The texts are computed by the same weights in a context of their own, which is made for the first one, counted in the memory
 * budget, and freed with the model or its `keepAliveMs` after the last one. Beside generations they are computed in small pieces.
 *
 * Fails as `modelUnsupported` for a model that makes no embeddings, `contextFull` for a text that is longer than `contextSize`,
 * `outOfMemory` where there is no room for that context, and `cancelled` after `cancelEmbed`. Ends with its client.
 */
export type EmbedCommand = { 
/**
 * Made by the caller, 1 to 256 bytes. One that is at work is not begun anew: its answer is this one's too.
 */
embeddingId: string, 
/**
 * The model that computes.
 */
model: ModelConfig, 
/**
 * 1 to 256, none of them empty. Control tokens in them are text.
 */
texts: Array<string>, 
/**
 * Which of its tokens stand for a text. Left out: what the model was made for, if its file says so; else `mean`.
 */
pooling?: Pooling, 
/**
 * Whether every vector is scaled to the length 1, so that a dot product is the similarity. Left out: it is.
 */
normalize?: boolean, };

/**
 * Which of its tokens stand for a text.
 */
export type Pooling = "mean" | "cls" | "last";

/**
 * What embeddings cost.
 */
export type EmbeddingUsage = { 
/**
 * Tokens of all texts, with those that the model's vocabulary puts around them.
 */
promptTokens: number, };

/**
 * Measures how fast a model reads prompts and writes answers, as llama.cpp's `llama-bench` does: arbitrary tokens, a run of each
 * kind that does not count, then `repetitions` of them. Answered by `benched`; `benchProgress` tells how far it is. Loads the
 * model as `generate` does, and fails as that would; the model is held until the answer. No scope changes.
 *
 * It waits until nothing else is to be computed by this model, and then has it to itself: turns, texts and guesses that come
 * meanwhile wait for its end. Its memory is a context of its own on the same weights, counted in the memory budget, and freed at
 * the end. Fails as `outOfMemory` where there is no room for that, and as `cancelled` after `cancelBench`. Ends with its client.
 */
export type BenchCommand = { 
/**
 * Made by the caller, 1 to 256 bytes. One that is at work is not begun anew: its answer is this one's too.
 */
benchId: string, 
/**
 * The model that is measured.
 */
model: ModelConfig, 
/**
 * Tokens of the prompt that is read in each repetition, 0 to 65,536; 0: none is read. Left out: 512.
 */
promptTokens?: number, 
/**
 * Tokens that are written in each repetition, one by one, behind no prompt, 0 to 65,536; 0: none is written. Left out: 128.
 */
generatedTokens?: number, 
/**
 * 1 to 100. Left out: 5.
 */
repetitions?: number, };

/**
 * How fast a model is here.
 */
export type BenchReport = { 
/**
 * Reading a prompt, `pp` of `llama-bench`. Absent for 0 `promptTokens`.
 */
prompt?: BenchSpeed, 
/**
 * Writing an answer, `tg` of `llama-bench`. Absent for 0 `generatedTokens`.
 */
generation?: BenchSpeed, 
/**
 * What was measured: its `description`, size, parameters, and the devices that hold it.
 */
info: ModelInfo, 
/**
 * Compute threads of all repetitions. `threads` of `info` is what turns had when the bench began.
 */
threads: number, 
/**
 * Tokens of a prompt that are computed in one call at most.
 */
batchSize: number, };

/**
 * Tokens per second, over all repetitions.
 */
export type BenchSpeed = { 
/**
 * Tokens of each repetition.
 */
tokens: number, 
/**
 * Tokens per second, the mean of all repetitions.
 */
mean: number, 
/**
 * Of the repetitions about their mean, as of a sample; 0 for a single one.
 */
standardDeviation: number, 
/**
 * Tokens per second of each repetition, in their order.
 */
repetitions: Array<number>, };

/**
 * One message of a transcript.
 */
export type Message = { 
/**
 * Who speaks.
 */
role: Role, 
/**
 * The text, as the chat template is to see it.
 */
content: string, 
/**
 * What the model thought before it answered. Of an assistant; most templates leave it out of later prompts.
 */
reasoning?: string, 
/**
 * Tools that the model called. Of an assistant.
 */
toolCalls?: Array<ToolCall>, 
/**
 * Which call `content` is the result of. Of a tool.
 */
toolCallId?: string, 
/**
 * The name of the tool that was called. Of a tool; some templates want it.
 */
toolName?: string, };

/**
 * Who speaks in a message.
 */
export type Role = "system" | "user" | "assistant" | "tool";

/**
 * A call that the model asks for.
 */
export type ToolCall = { 
/**
 * Unique in its conversation; the message with the result carries it.
 */
id: string, 
/**
 * One of the request's tools.
 */
name: string, 
/**
 * JSON text: an object as the tool's `parameters` describe it.
 */
arguments: string, };

/**
 * What happened to a component.
 */
export type Mount = "mounted" | "unmounted";

/**
 * What `suspend` waits for.
 */
export type SuspendAfter = "generations";

/**
 * How hot the device is, in the words of iOS.
 */
export type Heat = "nominal" | "fair" | "serious" | "critical";

/**
 * How far `trim` goes.
 */
export type TrimLevel = "moderate" | "critical";

/**
 * Which model, and how it is loaded. Two configs that lead to the same engine never cause a reload: a field left out
 * equals whatever was chosen for it.
 */
export type ModelConfig = { 
/**
 * A GGUF file: a path on this device, or a name that it is brought by, once: `https://host/model.gguf`,
 * `hf:org/repo:Q4_K_M`, `hf:org/repo/file.gguf@revision`. The text as given is the model's identity: two spellings of
 * one file are two models, and load it twice. Replace a file by renaming another over it: one that is cut short while
 * it is loaded ends the process.
 */
path: string, 
/**
 * Tokens of context per scope. Left out: the model's trained length, at most 4,096. Of a model that only makes embeddings: tokens
 * of a text, never more than the trained length; left out, all of that.
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
 * Bytes of RAM for scopes that have no slot. Beyond them the least recently parked is forgotten, and prefilled again
 * on return. 0: none is parked. Left out: 256 MiB.
 */
parkedBudgetBytes?: number, 
/**
 * The most compute threads; the governor may use fewer. Left out: the number of performance cores.
 */
threads?: number, 
/**
 * Where the weights live.
 */
device?: DevicePreference, 
/**
 * Loads even if the estimate says that it does not fit into memory.
 */
force?: boolean, 
/**
 * Milliseconds that the model stays loaded after its last lease was released. Left out: 300,000. `0`: unload at
 * once. `null`: never unload. The newest request's counts, whoever made it: a `generate` that leaves it out makes it
 * 300,000 again.
 */
keepAliveMs?: number | null, };

/**
 * Where the weights live.
 */
export type DevicePreference = "auto" | "cpu" | "gpu";

/**
 * What of a scope may be written to disk.
 */
export type Persist = "none" | "transcript" | "kv";

/**
 * What happens when a conversation outgrows `contextSize`.
 */
export type Overflow = "shift" | "error";

/**
 * How one generation is sampled, what its answer may be, and when it ends. Every request has its own; none changes another's.
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
 * Keep tokens about as surprising as is typical, until they have this probability together (arXiv:2202.00666). 0 to 1; left
 * out: 1 (off).
 */
typicalP?: number, 
/**
 * Keep tokens whose logit is within this many standard deviations of the highest (arXiv:2411.07641). 0 to 100; left out: off.
 */
topNSigma?: number, 
/**
 * XTC: with this probability the likeliest choices are left out, all but the least likely of those above `xtcThreshold`. 0 to 1;
 * left out: 0 (off).
 */
xtcProbability?: number, 
/**
 * Which choices XTC may leave out. 0 to 1, above 0.5 none; left out: 0.1.
 */
xtcThreshold?: number, 
/**
 * DRY: what a token that would go on with a repetition loses, times `dryBase` for each token more. 0 to 10; left out: 0 (off).
 */
dryMultiplier?: number, 
/**
 * 1 to 10; left out: 1.75.
 */
dryBase?: number, 
/**
 * Tokens that may be repeated for nothing. 0 to 1,024; left out: 2.
 */
dryAllowedLength?: number, 
/**
 * Tokens that DRY looks back on. 0 to 4,096; left out: 64.
 */
dryPenaltyWindow?: number, 
/**
 * Texts over which no repetition goes on. At most 16 of 1 to 64 bytes each; left out: line end, `:`, `"` and `*`.
 */
drySequenceBreakers?: Array<string>, 
/**
 * Mirostat, version 1 or 2 (arXiv:2007.14966), in place of every option above but temperature. Left out: off.
 */
mirostat?: 1 | 2, 
/**
 * Mirostat's target, in bits of surprise. 0 to 100; left out: 5.
 */
mirostatTau?: number, 
/**
 * How fast Mirostat learns. 0 to 1; left out: 0.1.
 */
mirostatEta?: number, 
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
 * Added to the logits of single tokens. At most 1,024.
 */
logitBias?: Array<LogitBias>, 
/**
 * Same seed, same options, same prompt: same choices. Left out: random.
 */
seed?: number, 
/**
 * Texts that end the answer wherever they come, in thought and in calls too; none of them is delivered. At most 16 of 1 to 256
 * bytes each.
 */
stop?: Array<string>, 
/**
 * Ends the answer after this many tokens, with reason `length`. Left out: until the model ends it, or the context is
 * full.
 */
maxOutputTokens?: number, 
/**
 * Whether a cancelled or failed answer keeps, in transcript and KV, what was delivered. Left out: false, the turn
 * goes back whole.
 */
keepPartial?: boolean, 
/**
 * Whether it is told how likely each token of the answer was, and this many others in its place. 0 to 20; left out: it is not.
 */
logprobs?: number, 
/**
 * What form the answer has. Left out: free text. A grammar cannot be had beside tools that may be called. JSON can: where a tool
 * must be called, it is, and else none is.
 */
responseFormat?: ResponseFormat, 
/**
 * A chat template in Jinja in place of the model's own, at most 64 KiB. Left out: the model's.
 */
chatTemplate?: string, 
/**
 * Whether a model that can think before it answers does so. Left out: it does.
 */
reasoning?: boolean, 
/**
 * Tokens that it may think, then it must answer. 0 and more; left out: as many as it likes.
 */
reasoningBudgetTokens?: number, 
/**
 * What the model may call. The calls are the caller's to carry out: their results go into the next turn. At most 128.
 */
tools?: Array<Tool>, 
/**
 * Whether it does. Left out: as it sees fit.
 */
toolChoice?: ToolChoice, 
/**
 * Whether one answer may call several tools. Left out: false.
 */
parallelToolCalls?: boolean, };

/**
 * What is added to a token's logit.
 */
export type LogitBias = { 
/**
 * A token of the model's vocabulary.
 */
token: number, 
/**
 * -100 to 100. The ends all but forbid it, or all but force it.
 */
bias: number, };

/**
 * What form an answer has. The model can write nothing else; cut off by `maxOutputTokens` it is not whole.
 */
export type ResponseFormat = { "type": "json", 
/**
 * JSON Schema of the value, as far as llama.cpp turns it into a grammar. Left out: any object.
 */
schema?: Record<string, unknown>, } | { "type": "grammar", 
/**
 * In GBNF, with a rule `root`. At most 64 KiB, and groups in groups to a depth of 100.
 */
gbnf: string, 
/**
 * Texts from which on the grammar holds, the text itself included. Left out: from the beginning.
 */
triggers?: Array<string>, };

/**
 * A function of the app that the model may call.
 */
export type Tool = { 
/**
 * 1 to 64 letters, digits, `_`, `-` or `.`; unique in its request.
 */
name: string, 
/**
 * When to call it, for the model.
 */
description?: string, 
/**
 * JSON Schema of the arguments, an object. Left out: there are none.
 */
parameters?: Record<string, unknown>, };

/**
 * Whether the model calls tools.
 */
export type ToolChoice = { "type": "auto" } | { "type": "none" } | { "type": "required" } | { "type": "tool", 
/**
 * One of the request's tools.
 */
toolName: string, };

/**
 * What a host's pump thread pulls: the events of at most 16 ms.
 */
export type Batch = { 
/**
 * As in the snapshot: a batch of another epoch belongs to another client's numbering.
 */
epoch: string, 
/**
 * In order of `seq`.
 */
events: Array<NumberedEvent>, };

/**
 * An event with its place in the one order of its client.
 */
export type NumberedEvent = { 
/**
 * One more than the event before; a gap means that events were dropped: reread the snapshot.
 */
seq: number, } & ({ "type": "done", 
/**
 * Id of the command that this answers.
 */
requestId: string, } | { "type": "failed", 
/**
 * Id of the refused command; empty when it carried none.
 */
requestId: string, 
/**
 * Its `code` is for programs, its `detail` for people.
 */
error: ErrorInfo, } | { "type": "transcript", 
/**
 * Id of the command that this answers.
 */
requestId: string, 
/**
 * The scope that was asked for.
 */
scope: string, 
/**
 * Which state of the transcript this is: later changes have a higher one.
 */
revision: number, 
/**
 * All messages, oldest first, with those of a turn that is running.
 */
messages: Array<Message>, } | { "type": "replay", 
/**
 * Id of the command that this answers.
 */
requestId: string, 
/**
 * The generation that was asked for.
 */
generationId: string, 
/**
 * As asked for, in UTF-16 code units.
 */
offset: number, 
/**
 * The answer from `offset` on, as far as it has come.
 */
text: string, } | { "type": "lifecycle", 
/**
 * Id of the command that this answers.
 */
requestId: string, 
/**
 * The last 512 at most, oldest first.
 */
records: Array<LifecycleRecord>, } | { "type": "memoryFit", 
/**
 * Id of the command that this answers.
 */
requestId: string, 
/**
 * The answer, with its numbers.
 */
fit: MemoryFit, } | { "type": "prefilled", 
/**
 * Id of the command that this answers.
 */
requestId: string, 
/**
 * Tokens of the turn that may come that were in memory already.
 */
cachedTokens: number, 
/**
 * Tokens of it that were computed. None for a memory that cannot be cut back when it comes otherwise, as that of
 * recurrent models and of sliding windows.
 */
prefilledTokens: number, } | { "type": "tokens", 
/**
 * Id of the command that this answers.
 */
requestId: string, 
/**
 * In the order of the text.
 */
tokens: Array<number>, } | { "type": "text", 
/**
 * Id of the command that this answers.
 */
requestId: string, 
/**
 * What is not UTF-8, such as a character of which a token is missing, is U+FFFD.
 */
text: string, } | { "type": "renderedPrompt", 
/**
 * Id of the command that this answers.
 */
requestId: string, 
/**
 * What the model would read.
 */
prompt: RenderedPrompt, } | { "type": "embeddings", 
/**
 * Id of the command that this answers.
 */
requestId: string, 
/**
 * One vector for each text, in their order, all of one length.
 */
embeddings: Array<Array<number>>, 
/**
 * What they cost.
 */
usage: EmbeddingUsage, } | { "type": "benched", 
/**
 * Id of the command that this answers.
 */
requestId: string, 
/**
 * What was measured.
 */
report: BenchReport, } | { "type": "benchProgress", 
/**
 * As it was asked for.
 */
benchId: string, 
/**
 * Runs that are over, without those that warm up.
 */
done: number, 
/**
 * Runs of both kinds together: 10, for prompts and answers in 5 `repetitions`.
 */
total: number, } | { "type": "hubRepository", 
/**
 * Id of the command that this answers.
 */
requestId: string, 
/**
 * What there is.
 */
repository: HubRepository, } | { "type": "storedModels", 
/**
 * Id of the command that this answers.
 */
requestId: string, 
/**
 * What there is.
 */
stored: StoredModels, } | { "type": "modelChanged", 
/**
 * Its whole new state.
 */
model: ModelState, } | { "type": "scopeChanged", 
/**
 * Its whole new summary.
 */
scope: ScopeSummary, } | { "type": "scopeDisposed", 
/**
 * Its id, free for a new conversation.
 */
scope: string, } | { "type": "transcriptChanged", 
/**
 * Id of the scope.
 */
scope: string, 
/**
 * The transcript's new revision, one more than before.
 */
revision: number, 
/**
 * Index of the first message that changed; the messages before it stayed.
 */
from: number, 
/**
 * All messages from `from` on; none when the transcript was only cut.
 */
messages: Array<Message>, } | { "type": "generationQueued", 
/**
 * The turn as it begins: `queued`, without text.
 */
generation: GenerationState, } | { "type": "phaseChanged", 
/**
 * The generation's id.
 */
generationId: string, 
/**
 * The new phase, in place of the old one.
 */
phase: GenerationPhase, } | { "type": "textDelta", 
/**
 * The generation's id.
 */
generationId: string, 
/**
 * Length of the text before this piece, in UTF-16 code units.
 */
offset: number, 
/**
 * The piece; pieces that waited together are joined.
 */
text: string, } | { "type": "reasoningDelta", 
/**
 * The generation's id.
 */
generationId: string, 
/**
 * Length of the reasoning before this piece, in UTF-16 code units.
 */
offset: number, 
/**
 * The piece.
 */
text: string, } | { "type": "toolCallDelta", 
/**
 * The generation's id.
 */
generationId: string, 
/**
 * Which of the generation's calls, from 0; one more than the last begins a new one.
 */
index: number, 
/**
 * Of the call; the same in all of its pieces.
 */
id: string, 
/**
 * Of the tool; the same in all of its pieces.
 */
name: string, 
/**
 * Length of the arguments before this piece, in UTF-16 code units.
 */
offset: number, 
/**
 * The piece: text of JSON.
 */
arguments: string, } | { "type": "logprobsDelta", 
/**
 * The generation's id.
 */
generationId: string, 
/**
 * How many tokens were told of before these.
 */
offset: number, 
/**
 * In the order of the answer.
 */
logprobs: Array<TokenLogprob>, } | { "type": "toolCallDropped", 
/**
 * The generation's id.
 */
generationId: string, 
/**
 * Which of the generation's calls, from 0.
 */
index: number, } | { "type": "suspensionChanged", 
/**
 * Whether it is suspended now.
 */
suspended: boolean, } | { "type": "downloadChanged", 
/**
 * Its whole new state.
 */
download: Download, } | { "type": "downloadRemoved", 
/**
 * Its name.
 */
name: string, } | { "type": "residentChanged", 
/**
 * Its whole new state.
 */
resident: Resident, } | { "type": "residentRemoved", 
/**
 * Its id, free again.
 */
id: string, } | { "type": "evictResident", 
/**
 * Its id.
 */
id: string, 
/**
 * What needs the memory, for a person.
 */
reason: string, } | { "type": "recorded", 
/**
 * The entry, as a later `getLifecycle` has it.
 */
record: LifecycleRecord, });

/**
 * What happened, by `type`. Those with a `requestId` answer one client; the others go to all.
 */
export type Event = { "type": "done", 
/**
 * Id of the command that this answers.
 */
requestId: string, } | { "type": "failed", 
/**
 * Id of the refused command; empty when it carried none.
 */
requestId: string, 
/**
 * Its `code` is for programs, its `detail` for people.
 */
error: ErrorInfo, } | { "type": "transcript", 
/**
 * Id of the command that this answers.
 */
requestId: string, 
/**
 * The scope that was asked for.
 */
scope: string, 
/**
 * Which state of the transcript this is: later changes have a higher one.
 */
revision: number, 
/**
 * All messages, oldest first, with those of a turn that is running.
 */
messages: Array<Message>, } | { "type": "replay", 
/**
 * Id of the command that this answers.
 */
requestId: string, 
/**
 * The generation that was asked for.
 */
generationId: string, 
/**
 * As asked for, in UTF-16 code units.
 */
offset: number, 
/**
 * The answer from `offset` on, as far as it has come.
 */
text: string, } | { "type": "lifecycle", 
/**
 * Id of the command that this answers.
 */
requestId: string, 
/**
 * The last 512 at most, oldest first.
 */
records: Array<LifecycleRecord>, } | { "type": "memoryFit", 
/**
 * Id of the command that this answers.
 */
requestId: string, 
/**
 * The answer, with its numbers.
 */
fit: MemoryFit, } | { "type": "prefilled", 
/**
 * Id of the command that this answers.
 */
requestId: string, 
/**
 * Tokens of the turn that may come that were in memory already.
 */
cachedTokens: number, 
/**
 * Tokens of it that were computed. None for a memory that cannot be cut back when it comes otherwise, as that of
 * recurrent models and of sliding windows.
 */
prefilledTokens: number, } | { "type": "tokens", 
/**
 * Id of the command that this answers.
 */
requestId: string, 
/**
 * In the order of the text.
 */
tokens: Array<number>, } | { "type": "text", 
/**
 * Id of the command that this answers.
 */
requestId: string, 
/**
 * What is not UTF-8, such as a character of which a token is missing, is U+FFFD.
 */
text: string, } | { "type": "renderedPrompt", 
/**
 * Id of the command that this answers.
 */
requestId: string, 
/**
 * What the model would read.
 */
prompt: RenderedPrompt, } | { "type": "embeddings", 
/**
 * Id of the command that this answers.
 */
requestId: string, 
/**
 * One vector for each text, in their order, all of one length.
 */
embeddings: Array<Array<number>>, 
/**
 * What they cost.
 */
usage: EmbeddingUsage, } | { "type": "benched", 
/**
 * Id of the command that this answers.
 */
requestId: string, 
/**
 * What was measured.
 */
report: BenchReport, } | { "type": "benchProgress", 
/**
 * As it was asked for.
 */
benchId: string, 
/**
 * Runs that are over, without those that warm up.
 */
done: number, 
/**
 * Runs of both kinds together: 10, for prompts and answers in 5 `repetitions`.
 */
total: number, } | { "type": "hubRepository", 
/**
 * Id of the command that this answers.
 */
requestId: string, 
/**
 * What there is.
 */
repository: HubRepository, } | { "type": "storedModels", 
/**
 * Id of the command that this answers.
 */
requestId: string, 
/**
 * What there is.
 */
stored: StoredModels, } | { "type": "modelChanged", 
/**
 * Its whole new state.
 */
model: ModelState, } | { "type": "scopeChanged", 
/**
 * Its whole new summary.
 */
scope: ScopeSummary, } | { "type": "scopeDisposed", 
/**
 * Its id, free for a new conversation.
 */
scope: string, } | { "type": "transcriptChanged", 
/**
 * Id of the scope.
 */
scope: string, 
/**
 * The transcript's new revision, one more than before.
 */
revision: number, 
/**
 * Index of the first message that changed; the messages before it stayed.
 */
from: number, 
/**
 * All messages from `from` on; none when the transcript was only cut.
 */
messages: Array<Message>, } | { "type": "generationQueued", 
/**
 * The turn as it begins: `queued`, without text.
 */
generation: GenerationState, } | { "type": "phaseChanged", 
/**
 * The generation's id.
 */
generationId: string, 
/**
 * The new phase, in place of the old one.
 */
phase: GenerationPhase, } | { "type": "textDelta", 
/**
 * The generation's id.
 */
generationId: string, 
/**
 * Length of the text before this piece, in UTF-16 code units.
 */
offset: number, 
/**
 * The piece; pieces that waited together are joined.
 */
text: string, } | { "type": "reasoningDelta", 
/**
 * The generation's id.
 */
generationId: string, 
/**
 * Length of the reasoning before this piece, in UTF-16 code units.
 */
offset: number, 
/**
 * The piece.
 */
text: string, } | { "type": "toolCallDelta", 
/**
 * The generation's id.
 */
generationId: string, 
/**
 * Which of the generation's calls, from 0; one more than the last begins a new one.
 */
index: number, 
/**
 * Of the call; the same in all of its pieces.
 */
id: string, 
/**
 * Of the tool; the same in all of its pieces.
 */
name: string, 
/**
 * Length of the arguments before this piece, in UTF-16 code units.
 */
offset: number, 
/**
 * The piece: text of JSON.
 */
arguments: string, } | { "type": "logprobsDelta", 
/**
 * The generation's id.
 */
generationId: string, 
/**
 * How many tokens were told of before these.
 */
offset: number, 
/**
 * In the order of the answer.
 */
logprobs: Array<TokenLogprob>, } | { "type": "toolCallDropped", 
/**
 * The generation's id.
 */
generationId: string, 
/**
 * Which of the generation's calls, from 0.
 */
index: number, } | { "type": "suspensionChanged", 
/**
 * Whether it is suspended now.
 */
suspended: boolean, } | { "type": "downloadChanged", 
/**
 * Its whole new state.
 */
download: Download, } | { "type": "downloadRemoved", 
/**
 * Its name.
 */
name: string, } | { "type": "residentChanged", 
/**
 * Its whole new state.
 */
resident: Resident, } | { "type": "residentRemoved", 
/**
 * Its id, free again.
 */
id: string, } | { "type": "evictResident", 
/**
 * Its id.
 */
id: string, 
/**
 * What needs the memory, for a person.
 */
reason: string, } | { "type": "recorded", 
/**
 * The entry, as a later `getLifecycle` has it.
 */
record: LifecycleRecord, };

/**
 * One entry of the flight recorder.
 */
export type LifecycleRecord = { 
/**
 * Milliseconds since the Unix epoch.
 */
at: number, 
/**
 * Path of the model. Left out: it concerns the whole manager.
 */
model?: string, 
/**
 * What happened.
 */
event: LifecycleEvent, 
/**
 * Why it happened, for a person.
 */
reason: string, };

/**
 * What can happen to a model, by `type`.
 */
export type LifecycleEvent = { "type": "mounted", 
/**
 * Its name, as `recordMount` gave it.
 */
owner: string, } | { "type": "unmounted", 
/**
 * Its name, as `recordMount` gave it.
 */
owner: string, } | { "type": "acquired", 
/**
 * Who took the lease; a generation takes its own as `generation ID`.
 */
owner: string, 
/**
 * False when this lease is why the model is loaded.
 */
reused: boolean, } | { "type": "released", 
/**
 * Who held it.
 */
owner: string, } | { "type": "downloading" } | { "type": "loading" } | { "type": "ready" } | { "type": "idle" } | { "type": "unloading" } | { "type": "unloaded" } | { "type": "failed", 
/**
 * What whoever waited for the model, or for an answer of it, was told.
 */
error: ErrorInfo, } | { "type": "threadsChanged", 
/**
 * Threads before.
 */
from: number, 
/**
 * Threads from now on.
 */
to: number, } | { "type": "scopeParked", 
/**
 * Id of the scope.
 */
scope: string, 
/**
 * RAM that it takes.
 */
bytes: number, } | { "type": "scopeRestored", 
/**
 * Id of the scope.
 */
scope: string, } | { "type": "scopeSaved", 
/**
 * Id of the scope.
 */
scope: string, 
/**
 * Size of the file.
 */
bytes: number, } | { "type": "scopeNotSaved", 
/**
 * Id of the scope.
 */
scope: string, 
/**
 * What went wrong.
 */
error: ErrorInfo, } | { "type": "scopeDropped", 
/**
 * Id of the scope.
 */
scope: string, } | { "type": "scopeNearlyFull", 
/**
 * Id of the scope.
 */
scope: string, 
/**
 * Tokens that it holds.
 */
tokens: number, 
/**
 * Tokens that it may hold.
 */
contextSize: number, } | { "type": "scopeShifted", 
/**
 * Id of the scope.
 */
scope: string, 
/**
 * Messages that the model does not see any more, system prompt excluded.
 */
droppedMessages: number, } | { "type": "fileSetAside", 
/**
 * Its new name, in the folder `set-aside`.
 */
file: string, } | { "type": "trimmed", 
/**
 * Which one.
 */
rung: TrimRung, 
/**
 * Memory that it gave back.
 */
bytesFreed: number, } | { "type": "suspended", 
/**
 * Scopes that were saved within the deadline.
 */
savedScopes: number, } | { "type": "resumed" };

/**
 * The steps of `trim`, in their order.
 */
export type TrimRung = "embeddersFreed" | "parkedSaved" | "parkedDropped" | "idleUnloaded" | "residentsEvicted" | "leasedUnloaded";

/**
 * Everything a client knows at once. `seq` is the number of the last event that it includes.
 */
export type Snapshot = { 
/**
 * Changes when the numbering starts anew: another client, another process.
 */
epoch: string, 
/**
 * Number of the last event that is included; events up to it are to be ignored.
 */
seq: number, 
/**
 * Every model asked for since the process started, sorted by path.
 */
models: Array<ModelState>, 
/**
 * Every scope, sorted by id.
 */
scopes: Array<ScopeSummary>, 
/**
 * Queued, running, and the last few finished generations, oldest first.
 */
generations: Array<GenerationState>, 
/**
 * What the app has beside the models, sorted by id.
 */
residents: Array<Resident>, 
/**
 * Models that were asked for by `download` and are not there yet, sorted by name.
 */
downloads: Array<Download>, 
/**
 * Whether `suspend` holds.
 */
suspended: boolean, 
/**
 * What this build can compute on; the same for the life of the process.
 */
devices: Array<Device>, 
/**
 * Why there is no GPU among `devices`, where there is none.
 */
noGpu?: NoGpu, };

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
config: ModelConfig, 
/**
 * Where the model is in its life.
 */
status: ModelStatus, 
/**
 * Who keeps it loaded, oldest first.
 */
leases: Array<Lease>, 
/**
 * How often the weights were loaded since the process started. 1 is the number to hope for.
 */
loads: number, };

/**
 * A model's states, by `type`.
 */
export type ModelStatus = { "type": "unloaded" } | { "type": "downloading", 
/**
 * How far that is.
 */
progress: DownloadProgress, } | { "type": "loading", 
/**
 * The share of the weights that has been read.
 */
progress: number, } | { "type": "ready", 
/**
 * What was loaded, with every "auto" replaced by what was chosen.
 */
info: ModelInfo, } | { "type": "idle", 
/**
 * What was loaded, with every "auto" replaced by what was chosen.
 */
info: ModelInfo, } | { "type": "unloading" } | { "type": "failed", 
/**
 * What whoever waited for the model, or for an answer of it, was told.
 */
error: ErrorInfo, };

/**
 * How far a transfer is.
 */
export type DownloadProgress = { 
/**
 * What it does.
 */
phase: DownloadPhase, 
/**
 * What is on the device, of all its files.
 */
bytes: number, 
/**
 * Of all its files; absent before a server has said so.
 */
totalBytes?: number, 
/**
 * Of the last seconds; absent while no bytes come.
 */
bytesPerSecond?: number, 
/**
 * At that rate; absent without one.
 */
secondsLeft?: number, };

/**
 * What a transfer does at the moment.
 */
export type DownloadPhase = { "type": "preparing" } | { "type": "connecting" } | { "type": "running" } | { "type": "waiting", 
/**
 * Of the failure.
 */
code: ErrorCode, 
/**
 * Until the next attempt, in milliseconds, from when this was said.
 */
waitMs: number, } | { "type": "paused" } | { "type": "verifying" };

/**
 * Who keeps a model loaded.
 */
export type Lease = { 
/**
 * As `acquire` named it; `generation ID` for a queued or running generation.
 */
owner: string, };

/**
 * What a loaded model turned out to be: every "auto" replaced by what was chosen.
 */
export type ModelInfo = { 
/**
 * llama.cpp's one-line description, such as "llama 1B Q4_0".
 */
description: string, 
/**
 * Bytes of the weights, all tensors together.
 */
sizeBytes: number, 
/**
 * Numbers in all tensors together.
 */
parameterCount: number, 
/**
 * Tokens of context that the model was trained for.
 */
trainedContextSize: number, 
/**
 * Tokens of context per scope. Of a model that only makes embeddings: of a text, at most `trainedContextSize`.
 */
contextSize: number, 
/**
 * Scopes that can be resident at once. 0: it only makes embeddings, and holds no conversation.
 */
slots: number, 
/**
 * Compute threads in use now; the governor changes it.
 */
threads: number, 
/**
 * Where the weights are.
 */
device: DeviceKind, 
/**
 * Names of the devices that hold them, as in the snapshot's `devices`.
 */
devices: Array<string>, 
/**
 * Layers of the model.
 */
layers: number, 
/**
 * How many of them a GPU computes: all or none.
 */
gpuLayers: number, 
/**
 * Why no GPU computes, where none does.
 */
noGpu?: NoGpu, 
/**
 * Whether the file brings a chat template of its own.
 */
hasChatTemplate: boolean, };

/**
 * One conversation without its messages, which come by `getTranscript`.
 */
export type ScopeSummary = { 
/**
 * The name that its first generation gave it.
 */
id: string, 
/**
 * Path of the model that answered last.
 */
model: string, 
/**
 * Messages of the transcript, with those of a turn that is running.
 */
messageCount: number, 
/**
 * Messages that the model no longer sees, because the context was full; the system prompt is never one of them.
 */
droppedMessages: number, 
/**
 * Tokens of this scope that need not be computed again, wherever they are.
 */
cachedTokens: number, 
/**
 * What a return to this scope costs.
 */
residency: Residency, 
/**
 * What of it may be written to disk.
 */
persist: Persist, 
/**
 * When its KV was written to disk, in milliseconds since the Unix epoch. Absent: it is not there.
 */
savedAt?: number, 
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
export type Residency = "resident" | "parked" | "saved" | "uncached";

/**
 * One answer in the making, or made not long ago.
 */
export type GenerationState = { 
/**
 * As its caller named it.
 */
id: string, 
/**
 * Id of the conversation that it is a turn of.
 */
scope: string, 
/**
 * Path of the model.
 */
model: string, 
/**
 * How far it is; at the end, how it ended.
 */
phase: GenerationPhase, 
/**
 * The answer so far, without what was thought before it and without calls of tools.
 */
text: string, 
/**
 * What the model thinks before it answers, so far.
 */
reasoning: string, 
/**
 * The tools that the answer calls, so far: `arguments` is whole when the generation has finished.
 */
toolCalls: Array<ToolCall>, 
/**
 * Of the answer's tokens so far, where `options.logprobs` asked for them: as many as `outputTokens`, so also of a stop text's, of
 * control tokens but the one that ends the answer, and of thoughts and calls.
 */
logprobs?: Array<TokenLogprob>, };

/**
 * The way of a generation, by `type`, in this order; any of them may be followed by `finished`.
 */
export type GenerationPhase = { "type": "queued" } | { "type": "prefilling", 
/**
 * Tokens prefilled so far.
 */
done: number, 
/**
 * Tokens to prefill.
 */
total: number, } | { "type": "decoding" } | { "type": "finished", 
/**
 * How it ended, and what it cost.
 */
outcome: Outcome, };

/**
 * A token of an answer, and how likely it was by the model itself: before temperature, penalties, biases, grammars and all else
 * that `GenerateOptions` does to a choice.
 */
export type TokenLogprob = { 
/**
 * The likeliest tokens in its place, as many as were asked for, the likeliest first. The chosen one may be none of them.
 */
top: Array<Logprob>, 
/**
 * Of the model's vocabulary.
 */
token: number, 
/**
 * Its own text, control tokens by their names. A part of a character is U+FFFD: `detokenize` joins those.
 */
text: string, 
/**
 * Natural logarithm of its probability, 0 at most. -9,999 stands for what is as good as impossible.
 */
logprob: number, };

/**
 * How likely a token is.
 */
export type Logprob = { 
/**
 * Of the model's vocabulary.
 */
token: number, 
/**
 * Its own text, control tokens by their names. A part of a character is U+FFFD: `detokenize` joins those.
 */
text: string, 
/**
 * Natural logarithm of its probability, 0 at most. -9,999 stands for what is as good as impossible.
 */
logprob: number, };

/**
 * How a generation ended.
 */
export type Outcome = { 
/**
 * Why it ended; `failed` alone brings an `error`.
 */
reason: FinishReason, 
/**
 * Present if, and only if, `reason` is `failed`.
 */
error?: ErrorInfo, 
/**
 * Tokens; all zero for a generation that never reached a slot.
 */
usage: Usage, 
/**
 * Milliseconds; a phase that was never entered is 0.
 */
timings: Timings, };

/**
 * Why a generation ended.
 */
export type FinishReason = "stop" | "length" | "toolCalls" | "cancelled" | "failed";

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
prefilledTokens: number, 
/**
 * Tokens sampled for the answer, without the one that ended it; those of a stop text count.
 */
outputTokens: number, };

/**
 * Milliseconds of one generation, each measured from the end of the phase before.
 */
export type Timings = { 
/**
 * Waiting: for the load, the scope's earlier turn, a slot.
 */
queuedMs: number, 
/**
 * From the slot to the first token, or to the end if none came.
 */
prefillMs: number, 
/**
 * From the first token to the end.
 */
decodeMs: number, 
/**
 * From the request to the first token.
 */
firstTokenMs: number, };

/**
 * Something that computes.
 */
export type Device = { 
/**
 * llama.cpp's short name, such as "CPU" or "Vulkan0".
 */
name: string, 
/**
 * What sort of device; `device` of a model's `info` names the same sorts.
 */
kind: DeviceKind, 
/**
 * The name that its maker gave it, as far as the system tells.
 */
description: string, 
/**
 * Its memory in all, in bytes; the main memory for a CPU.
 */
memoryBytes: number, 
/**
 * Instruction sets that this build uses here, such as "AVX512_VNNI".
 */
features: Array<string>, };

/**
 * What sort of device computes.
 */
export type DeviceKind = "cpu" | "gpu" | "accelerator";

/**
 * Why no GPU computes.
 */
export type NoGpu = { 
/**
 * For a program.
 */
reason: NoGpuReason, 
/**
 * For a person: what is missing, and what could be done.
 */
detail: string, };

/**
 * Why no GPU computes, for a program.
 */
export type NoGpuReason = "notBuilt" | "notFound" | "notWanted";

/**
 * Whether a model would fit.
 */
export type MemoryFit = { 
/**
 * The answer.
 */
verdict: FitVerdict, 
/**
 * What the load would take; for `fitsSmaller`, with a `contextSize` and `slots` that fit: ask for both.
 */
estimate: MemoryEstimate, 
/**
 * Bytes that are free for it now. Left out where the system does not say.
 */
availableBytes?: number, };

/**
 * Whether a model would fit, in a word.
 */
export type FitVerdict = "fits" | "fitsSmaller" | "doesNotFit";

/**
 * What a load takes, computed from the file's header and the options, before anything is allocated. In bytes.
 */
export type MemoryEstimate = { 
/**
 * The weights in the form that is computed with, mapped from the file or repacked for this CPU, and the vocabulary.
 * The mapped origin of a repacked weight is not counted: the system takes it back when it needs the memory.
 */
weightsBytes: number, 
/**
 * The KV memory of all slots. 0 for a model that only makes embeddings.
 */
kvBytes: number, 
/**
 * The buffers that a step computes in. 0 for a model that only makes embeddings: what those take is counted when they are
 * made, by the length of their texts.
 */
computeBytes: number, 
/**
 * Tokens of context per scope that this is for.
 */
contextSize: number, 
/**
 * Slots that this is for; 0 for a model that only makes embeddings, which has none.
 */
slots: number, };

/**
 * Something big beside the models, such as a speech recogniser: it counts in the same budget, and goes before a model
 * that is in use.
 */
export type Resident = { 
/**
 * Made by the caller, 1 to 256 bytes.
 */
id: string, 
/**
 * What it is, for people.
 */
name: string, 
/**
 * Memory that it takes, in bytes.
 */
sizeBytes: number, 
/**
 * Whether it is at work now; then it is not asked to go.
 */
inUse: boolean, };

/**
 * A conversation as the model's chat template writes it, ready for the answer.
 */
export type RenderedPrompt = { 
/**
 * What the template wrote.
 */
text: string, 
/**
 * Tokens that the model reads: those of `text`, behind the token that its every prompt begins with, if it wants one.
 */
tokenCount: number, 
/**
 * Texts that end an answer under this template, beside those that a request names.
 */
stop: Array<string>, 
/**
 * The template's Jinja source. None: the file has none, and ChatML is written.
 */
template?: string, };

/**
 * A model that is brought to this device because somebody asked for that, not for the model loaded. One that has come is
 * among the stored models, and no longer here.
 */
export type Download = { 
/**
 * As a `StoredModel` has it.
 */
name: string, 
/**
 * How far it is.
 */
status: DownloadStatus, };

/**
 * A download's states, by `type`.
 */
export type DownloadStatus = { "type": "running", 
/**
 * How far it is.
 */
progress: DownloadProgress, } | { "type": "failed", 
/**
 * What whoever waited for it was told.
 */
error: ErrorInfo, };

/**
 * A repository of the hub, as it was at one commit.
 */
export type HubRepository = { 
/**
 * `org/repo`.
 */
repository: string, 
/**
 * What was listed; a branch may have gone on since.
 */
commit: string, 
/**
 * Every model that is there as a whole, smallest first.
 */
variants: Array<HubVariant>, 
/**
 * Name of the one that fits best: the largest that fits as it is, or else with less context. Full precision is proposed
 * where nothing else fits. Absent where nothing is known to fit.
 */
best?: string, };

/**
 * A model of a repository: one quantization, with all of its parts.
 */
export type HubVariant = { 
/**
 * What to acquire, or to download: `hf:org/repo:Q4_K_M`, or the name of its first file where that alone tells it from
 * others.
 */
name: string, 
/**
 * As its file's name has it. Absent where that does not say.
 */
quantization?: string, 
/**
 * Of all its files.
 */
bytes: number, 
/**
 * More than one where the model is split.
 */
fileCount: number, 
/**
 * Whether it is on this device by this name, as a whole.
 */
isStored: boolean, 
/**
 * Whether it would fit now, as `canLoad` says it. Absent where no header could be read that tells.
 */
fit?: MemoryFit, 
/**
 * Whether `fit` comes from this variant's own header. Otherwise it comes from that of another quantization of the same
 * model, whose weights were scaled by the sizes of the files: `canLoad` of this one says it exactly.
 */
isFitExact: boolean, };

/**
 * The models of this device, and what they take.
 */
export type StoredModels = { 
/**
 * Least recently used first.
 */
models: Array<StoredModel>, 
/**
 * All of them together.
 */
disk: DiskUse, };

/**
 * A model in the manager's directory, by the name that it was asked for by.
 */
export type StoredModel = { 
/**
 * A URL or a hub name: what a `ModelConfig` has as its path.
 */
name: string, 
/**
 * What it takes on the disk, unfinished downloads included. What several names share counts for each of them.
 */
bytes: number, 
/**
 * When it was loaded last, or came, in milliseconds since the Unix epoch.
 */
lastUsedAt: number, 
/**
 * Whether it can be loaded now, without any network.
 */
isComplete: boolean, 
/**
 * Whether it, or a newer version of it, is on its way, or was and can go on.
 */
isIncoming: boolean, 
/**
 * Whether something keeps it from being removed: a loaded model, a running transfer.
 */
isInUse: boolean, };

/**
 * What models take on the disk, in bytes.
 */
export type DiskUse = { 
/**
 * Files of models, each once.
 */
modelsBytes: number, 
/**
 * Files that are still on their way.
 */
partialBytes: number, 
/**
 * What both may take together: `modelsBudgetBytes`. Absent: as much as fits.
 */
budgetBytes?: number, 
/**
 * What this app may still write. Absent where the system does not say.
 */
freeBytes?: number, };

/**
 * An error as JavaScript, Kotlin and Swift see it, and as Rust carries it.
 */
export type ErrorInfo = { 
/**
 * What kind of failure: for programs.
 */
code: ErrorCode, 
/**
 * What failed, on what, and what to do. Never holds prompt or answer text.
 */
detail: string, };

/**
 * The stable name of a failure. Apps may match on it; texts may change, codes do not.
 */
export type ErrorCode = "invalidCommand" | "invalidOptions" | "modelNotFound" | "modelInvalid" | "modelUnsupported" | "outOfMemory" | "optionsConflict" | "loadCancelled" | "cancelled" | "busy" | "contextFull" | "templateFailed" | "notCached" | "suspended" | "storageUnavailable" | "storageFailed" | "diskFull" | "invalidModelName" | "modelNotCached" | "modelInUse" | "digestMismatch" | "scopeNotFound" | "generationNotFound" | "modelNotKnown" | "modelUnloaded" | "engineCrashed" | "inferenceFailed" | "offline" | "connectionLost" | "tooSlow" | "tlsFailed" | "httpStatus" | "accessDenied" | "tooManyRedirects" | "insecureUrl" | "responseInvalid" | "lengthMismatch" | "closed";
