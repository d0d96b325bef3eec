// Generated from rust-core/src/protocol by `./dev generate`. Do not edit.

/**
 * A command with the id that its answer carries.
 */
export type Envelope = { 
/**
 * Made by the caller, unique in its client; the answer carries it.
 */
requestId: string, } & ({ "type": "acquire", 
/**
 * Made by the caller, 1 to 256 bytes. If the id is held already, the earlier lease is given back.
 */
leaseId: string, 
/**
 * Names the holder in the log, for example a component's name.
 */
debugLabel: string, 
/**
 * The model and its load options.
 */
model: ModelConfig, } | { "type": "release", 
/**
 * The id given to `acquire`. An id that is not held is no error.
 */
leaseId: string, } | { "type": "unload", 
/**
 * The path given to `acquire`; any other spelling is `modelNotKnown`.
 */
path: string, } | { "type": "generate" } & GenerateCommand | { "type": "prefill" } & PrefillCommand | { "type": "tokenize", 
/**
 * The model with the vocabulary.
 */
model: ModelConfig, 
/**
 * The text. No token is added in front or behind.
 */
text: string, 
/**
 * Whether names of control tokens in the text, such as `<|im_start|>`, become those tokens. Otherwise they are
 * text.
 * @default false
 */
special?: boolean, } | { "type": "detokenize", 
/**
 * The model with the vocabulary.
 */
model: ModelConfig, 
/**
 * The tokens. `invalidOptions` names the first one that is not in the vocabulary.
 */
tokens: Array<number>, } | { "type": "applyChatTemplate", 
/**
 * The model with the template.
 */
model: ModelConfig, 
/**
 * At least one message; the last one is not the assistant's.
 */
messages: Array<Message>, } | { "type": "embed" } & EmbedCommand | { "type": "cancelEmbed", 
/**
 * The id given by this client. An id that is not running is no error.
 */
embeddingId: string, } | { "type": "bench" } & BenchCommand | { "type": "cancelBench", 
/**
 * The id given by this client. An id that is not running is no error.
 */
benchId: string, } | { "type": "cancel", 
/**
 * `generationNotFound` if the id is not known; a finished generation is no error.
 */
generationId: string, } | { "type": "deleteScope", 
/**
 * `scopeNotFound` if the id is not known.
 */
scope: string, } | { "type": "park", 
/**
 * `scopeNotFound` if the id is not known, `busy` while a turn of the scope runs or waits.
 */
scope: string, } | { "type": "restore", 
/**
 * `notCached` if the scope has no KV to restore, `busy` while a turn of it runs or waits.
 */
scope: string, } | { "type": "save", 
/**
 * `storageUnavailable` if no directory is known or the scope's `persist` is `none`, `storageFailed` if a file
 * could not be written.
 */
scope: string, } | { "type": "fork", 
/**
 * The scope to copy; `busy` while a turn of it runs or waits.
 */
scope: string, 
/**
 * Id of the copy; `invalidOptions` if it is taken.
 */
fork: string, 
/**
 * Number of messages to copy. Left out: all.
 */
messageCount?: number, } | { "type": "rewindTo", 
/**
 * `busy` while a turn of the scope runs or waits.
 */
scope: string, 
/**
 * Index of the first message to remove; `invalidOptions` beyond the end.
 */
messageIndex: number, } | { "type": "setPersist", 
/**
 * `scopeNotFound` if the id is not known.
 */
scope: string, 
/**
 * The new setting.
 */
persist: Persist, } | { "type": "deleteAllScopes" } | { "type": "suspend", 
/**
 * Milliseconds that saving may take; 0 saves nothing.
 */
deadlineMs: number, 
/**
 * The work to wait for first. Left out: none.
 */
after?: SuspendAfter, } | { "type": "resume" } | { "type": "setHeat", 
/**
 * The new state, for every model. At first: `nominal`.
 */
heat: Heat, } | { "type": "trim", 
/**
 * How far to go.
 */
level: TrimLevel, } | { "type": "canLoad", 
/**
 * The model as for `acquire`.
 */
model: ModelConfig, } | { "type": "configure", 
/**
 * Bytes for models, parked scopes and residents together. A load beyond the budget first makes room, then is
 * refused as `outOfMemory`, unless it has `force`. Loaded models stay. At first: the memory that the system
 * has free.
 */
memoryBudgetBytes?: number, 
/**
 * Bytes of saved KV on disk; beyond them the least recently used file is removed. At first: 2 GiB.
 */
savedBudgetBytes?: number, 
/**
 * Bytes of downloaded models. Before a new one is downloaded, the least recently used models that are not in
 * use are removed. At first: as much as fits.
 */
modelsBudgetBytes?: number, } | { "type": "setHub", 
/**
 * Address of a hub with the interface of `https://huggingface.co`. Left out: unchanged; at first that one.
 */
endpoint?: string, 
/**
 * Access token, sent to the hub and to no other server. Left out: none.
 */
token?: string, } | { "type": "browseHub", 
/**
 * `hf:org/repo`, optionally with `@revision`; a quantization or a file in it is ignored.
 */
repository: string, } | { "type": "download", 
/**
 * A URL or a hub name.
 */
name: string, 
/**
 * SHA-256 of the file behind a URL, in 64 hexadecimal digits. A hub provides it by itself.
 */
sha256?: string, } | { "type": "pauseDownload", 
/**
 * The name of the model, as it was requested.
 */
name: string, } | { "type": "cancelDownload", 
/**
 * The name of the model, as it was requested.
 */
name: string, } | { "type": "importModel", 
/**
 * A path or a file picker's URI (`file:`; `content:` where the host can open it). `invalidOptions` for any
 * other text.
 */
path: string, 
/**
 * The new name, which replaces an earlier meaning: a file picker's URI, `asset:`, a URL or a hub name.
 * `invalidOptions` for a path, which always means the file there; `busy` while a transfer of this name runs.
 */
name: string, } | { "type": "verifyStoredModel", 
/**
 * The name of the model, as it was requested.
 */
name: string, } | { "type": "listStoredModels" } | { "type": "removeStoredModel", 
/**
 * The name of the model, as it was requested.
 */
name: string, } | { "type": "setResident", 
/**
 * Its whole state.
 */
resident: Resident, } | { "type": "removeResident", 
/**
 * The id given to `setResident`.
 */
id: string, } | { "type": "getTranscript", 
/**
 * `scopeNotFound` if the id is not known.
 */
scope: string, } | { "type": "replay", 
/**
 * A generation that is queued, running or recently finished; else `generationNotFound`.
 */
generationId: string, 
/**
 * Start in UTF-16 code units; at or beyond the text's end the answer is empty.
 */
offset: number, } | { "type": "recordMount", 
/**
 * The component's name.
 */
debugLabel: string, 
/**
 * Path of the model that it uses.
 */
path: string, 
/**
 * Mount or unmount.
 */
mount: Mount, } | { "type": "readLog" });

/**
 * A command, by `type`. A field that the command does not know is refused as `invalidCommand`.
 */
export type Command = { "type": "acquire", 
/**
 * Made by the caller, 1 to 256 bytes. If the id is held already, the earlier lease is given back.
 */
leaseId: string, 
/**
 * Names the holder in the log, for example a component's name.
 */
debugLabel: string, 
/**
 * The model and its load options.
 */
model: ModelConfig, } | { "type": "release", 
/**
 * The id given to `acquire`. An id that is not held is no error.
 */
leaseId: string, } | { "type": "unload", 
/**
 * The path given to `acquire`; any other spelling is `modelNotKnown`.
 */
path: string, } | { "type": "generate" } & GenerateCommand | { "type": "prefill" } & PrefillCommand | { "type": "tokenize", 
/**
 * The model with the vocabulary.
 */
model: ModelConfig, 
/**
 * The text. No token is added in front or behind.
 */
text: string, 
/**
 * Whether names of control tokens in the text, such as `<|im_start|>`, become those tokens. Otherwise they are
 * text.
 * @default false
 */
special?: boolean, } | { "type": "detokenize", 
/**
 * The model with the vocabulary.
 */
model: ModelConfig, 
/**
 * The tokens. `invalidOptions` names the first one that is not in the vocabulary.
 */
tokens: Array<number>, } | { "type": "applyChatTemplate", 
/**
 * The model with the template.
 */
model: ModelConfig, 
/**
 * At least one message; the last one is not the assistant's.
 */
messages: Array<Message>, } | { "type": "embed" } & EmbedCommand | { "type": "cancelEmbed", 
/**
 * The id given by this client. An id that is not running is no error.
 */
embeddingId: string, } | { "type": "bench" } & BenchCommand | { "type": "cancelBench", 
/**
 * The id given by this client. An id that is not running is no error.
 */
benchId: string, } | { "type": "cancel", 
/**
 * `generationNotFound` if the id is not known; a finished generation is no error.
 */
generationId: string, } | { "type": "deleteScope", 
/**
 * `scopeNotFound` if the id is not known.
 */
scope: string, } | { "type": "park", 
/**
 * `scopeNotFound` if the id is not known, `busy` while a turn of the scope runs or waits.
 */
scope: string, } | { "type": "restore", 
/**
 * `notCached` if the scope has no KV to restore, `busy` while a turn of it runs or waits.
 */
scope: string, } | { "type": "save", 
/**
 * `storageUnavailable` if no directory is known or the scope's `persist` is `none`, `storageFailed` if a file
 * could not be written.
 */
scope: string, } | { "type": "fork", 
/**
 * The scope to copy; `busy` while a turn of it runs or waits.
 */
scope: string, 
/**
 * Id of the copy; `invalidOptions` if it is taken.
 */
fork: string, 
/**
 * Number of messages to copy. Left out: all.
 */
messageCount?: number, } | { "type": "rewindTo", 
/**
 * `busy` while a turn of the scope runs or waits.
 */
scope: string, 
/**
 * Index of the first message to remove; `invalidOptions` beyond the end.
 */
messageIndex: number, } | { "type": "setPersist", 
/**
 * `scopeNotFound` if the id is not known.
 */
scope: string, 
/**
 * The new setting.
 */
persist: Persist, } | { "type": "deleteAllScopes" } | { "type": "suspend", 
/**
 * Milliseconds that saving may take; 0 saves nothing.
 */
deadlineMs: number, 
/**
 * The work to wait for first. Left out: none.
 */
after?: SuspendAfter, } | { "type": "resume" } | { "type": "setHeat", 
/**
 * The new state, for every model. At first: `nominal`.
 */
heat: Heat, } | { "type": "trim", 
/**
 * How far to go.
 */
level: TrimLevel, } | { "type": "canLoad", 
/**
 * The model as for `acquire`.
 */
model: ModelConfig, } | { "type": "configure", 
/**
 * Bytes for models, parked scopes and residents together. A load beyond the budget first makes room, then is
 * refused as `outOfMemory`, unless it has `force`. Loaded models stay. At first: the memory that the system
 * has free.
 */
memoryBudgetBytes?: number, 
/**
 * Bytes of saved KV on disk; beyond them the least recently used file is removed. At first: 2 GiB.
 */
savedBudgetBytes?: number, 
/**
 * Bytes of downloaded models. Before a new one is downloaded, the least recently used models that are not in
 * use are removed. At first: as much as fits.
 */
modelsBudgetBytes?: number, } | { "type": "setHub", 
/**
 * Address of a hub with the interface of `https://huggingface.co`. Left out: unchanged; at first that one.
 */
endpoint?: string, 
/**
 * Access token, sent to the hub and to no other server. Left out: none.
 */
token?: string, } | { "type": "browseHub", 
/**
 * `hf:org/repo`, optionally with `@revision`; a quantization or a file in it is ignored.
 */
repository: string, } | { "type": "download", 
/**
 * A URL or a hub name.
 */
name: string, 
/**
 * SHA-256 of the file behind a URL, in 64 hexadecimal digits. A hub provides it by itself.
 */
sha256?: string, } | { "type": "pauseDownload", 
/**
 * The name of the model, as it was requested.
 */
name: string, } | { "type": "cancelDownload", 
/**
 * The name of the model, as it was requested.
 */
name: string, } | { "type": "importModel", 
/**
 * A path or a file picker's URI (`file:`; `content:` where the host can open it). `invalidOptions` for any
 * other text.
 */
path: string, 
/**
 * The new name, which replaces an earlier meaning: a file picker's URI, `asset:`, a URL or a hub name.
 * `invalidOptions` for a path, which always means the file there; `busy` while a transfer of this name runs.
 */
name: string, } | { "type": "verifyStoredModel", 
/**
 * The name of the model, as it was requested.
 */
name: string, } | { "type": "listStoredModels" } | { "type": "removeStoredModel", 
/**
 * The name of the model, as it was requested.
 */
name: string, } | { "type": "setResident", 
/**
 * Its whole state.
 */
resident: Resident, } | { "type": "removeResident", 
/**
 * The id given to `setResident`.
 */
id: string, } | { "type": "getTranscript", 
/**
 * `scopeNotFound` if the id is not known.
 */
scope: string, } | { "type": "replay", 
/**
 * A generation that is queued, running or recently finished; else `generationNotFound`.
 */
generationId: string, 
/**
 * Start in UTF-16 code units; at or beyond the text's end the answer is empty.
 */
offset: number, } | { "type": "recordMount", 
/**
 * The component's name.
 */
debugLabel: string, 
/**
 * Path of the model that it uses.
 */
path: string, 
/**
 * Mount or unmount.
 */
mount: Mount, } | { "type": "readLog" };

/**
 * One turn of a scope. The generation holds a lease of its own until it has finished. Turns of one scope run in the
 * order in which they were sent.
 */
export type GenerateCommand = { 
/**
 * Made by the caller, 1 to 256 bytes; a known id is refused as `invalidOptions`.
 */
generationId: string, 
/**
 * The model that answers; it is loaded if necessary. Its `keepAliveMs` becomes the model's, also if left out.
 */
model: ModelConfig, 
/**
 * The conversation, made on first use.
 */
scope: string, 
/**
 * Messages to add to the stored transcript. Give one of this, `messages` and `prompt`.
 */
append?: Array<Message>, 
/**
 * The whole transcript, which replaces the stored one from the first difference.
 */
messages?: Array<Message>, 
/**
 * Text to continue, without a template. Names of control tokens in it are those tokens. It replaces the
 * transcript, as one message of a user. It excludes options for the template: tools, `reasoning`,
 * `reasoningBudgetTokens` and `chatTemplate`.
 */
prompt?: string, 
/**
 * Which parts of the scope are written to disk, from now on. Left out: unchanged; at first `full`.
 */
persist?: Persist, 
/**
 * The policy for a conversation that outgrows `contextSize`.
 * @default 'dropOldest'
 */
overflow?: Overflow, 
/**
 * Sampling and limits of this turn alone.
 */
options?: GenerateOptions, };

/**
 * The possible next turn of a scope. Transcript, revision and `lastUsedAt` stay as they are, and no generation is
 * made; only `cachedTokens` and the residency change. The next turn keeps the tokens that it shares.
 *
 * A prefill has no priority: it runs while no turn is prefilled, and takes no lease. It fails as `modelUnloaded` if
 * the scope's model is not loaded, `suspended` while `suspend` is in effect, `busy` while a turn of the scope runs or
 * waits, and `contextFull` if the turn would drop others. It fails as `cancelled` as soon as a newer one comes, or a
 * `generate`, `park`, `rewindTo` or `deleteScope` of the scope, or `suspend`. The computed tokens stay.
 */
export type PrefillCommand = { 
/**
 * The conversation; `scopeNotFound` if the id is not known. The model that answered last computes.
 */
scope: string, 
/**
 * Messages to add, as in `generate`. Give either this or `messages`. An empty last message stands for one that is
 * still unknown.
 */
append?: Array<Message>, 
/**
 * The whole transcript, as in `generate`.
 */
messages?: Array<Message>, 
/**
 * Whether the last word may still change; it is not computed then. A word ends at a white space, so leave this out
 * for languages without spaces.
 * @default false
 */
open?: boolean, };

/**
 * Computes one vector for each text. Answered by `embeddings`, all at once. The command loads the model and fails as
 * `generate` does, and holds the model until the answer. No scope changes.
 *
 * The texts are computed by the same weights in a context of their own. It is made for the first text, counted in the
 * memory budget, and freed with the model or `keepAliveMs` after the last text. Beside generations the texts are
 * computed in small pieces.
 *
 * It fails as `modelUnsupported` for a model that makes no embeddings, `contextFull` for a text that is longer than
 * `contextSize`, `outOfMemory` if that context does not fit, and `cancelled` after `cancelEmbed`. It ends with its
 * client.
 */
export type EmbedCommand = { 
/**
 * Made by the caller, 1 to 256 bytes. A second command with the id of a running `embed` joins it and gets the same
 * answer.
 */
embeddingId: string, 
/**
 * The model that computes the vectors.
 */
model: ModelConfig, 
/**
 * 1 to 256 texts, none of them empty. Names of control tokens in them are text.
 */
texts: Array<string>, 
/**
 * Which tokens' outputs form the vector. Left out: the pooling in the model's file, else `mean`.
 */
pooling?: Pooling, 
/**
 * Whether every vector is scaled to length 1, so that a dot product is the cosine similarity.
 * @default true
 */
normalize?: boolean, };

/**
 * Which tokens' outputs form a text's vector.
 */
export type Pooling = "mean" | "cls" | "last";

/**
 * The cost of an `embed`.
 */
export type EmbeddingUsage = { 
/**
 * Tokens of all texts, including the special tokens that the vocabulary adds.
 */
promptTokens: number, };

/**
 * Measures the speed of prompts and answers as llama.cpp's `llama-bench` does: arbitrary tokens, one warm-up run of
 * each kind, then `repetitions` runs. Answered by `benched`; `benchProgress` reports each run. The command loads the
 * model and fails as `generate` does, and holds the model until the answer. No scope changes.
 *
 * The bench waits until the model has nothing else to compute, and then has it to itself: turns, texts and prefills
 * that arrive meanwhile wait for its end. It uses a context of its own on the same weights, counted in the memory
 * budget and freed at the end. It fails as `outOfMemory` if that context does not fit, and as `cancelled` after
 * `cancelBench`. It ends with its client.
 */
export type BenchCommand = { 
/**
 * Made by the caller, 1 to 256 bytes. A second command with the id of a running bench joins it and gets the same
 * answer.
 */
benchId: string, 
/**
 * The model to measure.
 */
model: ModelConfig, 
/**
 * Tokens of the prompt in each repetition, 0 to 65,536; 0 measures no prompt.
 * @default 512
 */
promptTokens?: number, 
/**
 * Tokens generated in each repetition, one by one, behind no prompt, 0 to 65,536; 0 measures no answer.
 * @default 128
 */
generatedTokens?: number, 
/**
 * Number of measured runs of each kind, 1 to 100.
 * @default 5
 */
repetitions?: number, };

/**
 * The speed of a model on this device.
 */
export type BenchReport = { 
/**
 * Prompt processing, `pp` of `llama-bench`. Absent for 0 `promptTokens`.
 */
prompt?: BenchSpeed, 
/**
 * Text generation, `tg` of `llama-bench`. Absent for 0 `generatedTokens`.
 */
generation?: BenchSpeed, 
/**
 * The measured model: its `description`, size, parameters, and devices.
 */
info: ModelInfo, 
/**
 * Compute threads in every repetition. `threads` of `info` is the number that turns had when the bench began.
 */
threads: number, 
/**
 * Most tokens of a prompt in one call.
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
 * Sample standard deviation of the repetitions; 0 for a single one.
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
 * The speaker.
 */
role: Role, 
/**
 * The text, as the chat template gets it.
 */
content: string, 
/**
 * The reasoning before the answer. Only in messages of the assistant; most templates leave it out of later
 * prompts.
 */
reasoning?: string, 
/**
 * The tool calls of the model. Only in messages of the assistant.
 */
toolCalls?: Array<ToolCall>, 
/**
 * Id of the call whose result `content` is. Only in messages of a tool.
 */
toolCallId?: string, 
/**
 * Name of the called tool. Only in messages of a tool; some templates need it.
 */
toolName?: string, };

/**
 * The speaker of a message.
 */
export type Role = "system" | "user" | "assistant" | "tool";

/**
 * A tool call by the model.
 */
export type ToolCall = { 
/**
 * Unique in its conversation; the message with the result carries it.
 */
id: string, 
/**
 * Name of one of the request's tools.
 */
name: string, 
/**
 * JSON text: an object as the tool's `parameters` describe it.
 */
arguments: string, };

/**
 * A component's mount or unmount.
 */
export type Mount = "mounted" | "unmounted";

/**
 * The work that `suspend` waits for.
 */
export type SuspendAfter = "generations";

/**
 * How hot the device is, in the terms of iOS.
 */
export type Heat = "nominal" | "fair" | "serious" | "critical";

/**
 * How far `trim` goes.
 */
export type TrimLevel = "moderate" | "critical";

/**
 * A model and its load options. Two configs that lead to the same engine never cause a reload: an option that is left
 * out equals any value that was chosen for it.
 */
export type ModelConfig = { 
/**
 * A GGUF file: a path on this device, or a name that is downloaded once: `https://host/model.gguf`,
 * `hf:org/repo:Q4_K_M`, `hf:org/repo/file.gguf@revision`. The text as given is the model's identity: one file
 * under two spellings is loaded twice. Replace a file only by renaming another one over it: truncating a loaded
 * file ends the process.
 */
path: string, 
/**
 * Tokens of context per scope. Left out: the model's trained length, at most 4,096. For a model that only makes
 * embeddings: tokens of a text, at most the trained length, which is also the default.
 */
contextSize?: number, 
/**
 * Scopes that can be resident at once. Left out: as many as `kvBudgetBytes` holds, 1 to 16.
 */
maxResident?: number, 
/**
 * Bytes of KV memory for all resident scopes together.
 * @default 536_870_912 (512 MiB)
 */
kvBudgetBytes?: number, 
/**
 * Bytes of RAM for parked scopes. Beyond them the least recently parked scope is dropped and prefilled again on
 * return. 0 parks none.
 * @default 268_435_456 (256 MiB)
 */
parkedBudgetBytes?: number, 
/**
 * Most compute threads; the governor may use fewer. Left out: the number of performance cores.
 */
threads?: number, 
/**
 * Where the weights are.
 * @default 'auto'
 */
device?: DevicePreference, 
/**
 * Loads the model even if the estimate does not fit into memory.
 * @default false
 */
force?: boolean, 
/**
 * Milliseconds that the model stays loaded after its last lease was released. `0` unloads it at once, `null`
 * never. The newest request sets it, by any caller: a `generate` without it sets the default again.
 * @default 300_000 (five minutes)
 */
keepAliveMs?: number | null, };

/**
 * Where the weights are.
 */
export type DevicePreference = "auto" | "cpu" | "gpu";

/**
 * Which parts of a scope are written to disk.
 */
export type Persist = "none" | "transcript" | "full";

/**
 * The policy for a conversation that outgrows `contextSize`.
 */
export type Overflow = "dropOldest" | "error";

/**
 * How one generation is sampled, the form of its answer, and when it ends. Each request has its own options; they do
 * not affect other requests.
 */
export type GenerateOptions = { 
/**
 * Sampling temperature, 0 to 10; 0 is greedy.
 * @default 0.8
 */
temperature?: number, 
/**
 * Keeps the k likeliest tokens; 0 keeps all.
 * @default 40
 */
topK?: number, 
/**
 * Keeps the likeliest tokens that together have this probability. 0 to 1.
 * @default 0.95
 */
topP?: number, 
/**
 * Drops tokens that are less likely than this share of the likeliest. 0 to 1.
 * @default 0.05
 */
minP?: number, 
/**
 * Keeps tokens whose surprise is near the expected one, until they together have this probability
 * (arXiv:2202.00666). 0 to 1; 1 is off.
 * @default 1
 */
typicalP?: number, 
/**
 * Keeps tokens whose logit is within this many standard deviations of the highest (arXiv:2411.07641). 0 to 100.
 * Left out: off.
 */
topNSigma?: number, 
/**
 * XTC: with this probability drops the likeliest tokens, all except the least likely of those above
 * `xtcThreshold`. 0 to 1; 0 is off.
 * @default 0
 */
xtcProbability?: number, 
/**
 * Probability above which XTC may drop a token. 0 to 1; above 0.5 it drops none.
 * @default 0.1
 */
xtcThreshold?: number, 
/**
 * DRY: penalty of a token that would continue a repetition, times `dryBase` for each further token. 0 to 10; 0 is
 * off.
 * @default 0
 */
dryMultiplier?: number, 
/**
 * Base of DRY's growing penalty. 1 to 10.
 * @default 1.75
 */
dryBase?: number, 
/**
 * Length of a repetition without DRY penalty. 0 to 1,024 tokens.
 * @default 2
 */
dryAllowedLength?: number, 
/**
 * Number of past tokens that DRY considers. 0 to 4,096.
 * @default 64
 */
dryPenaltyWindow?: number, 
/**
 * Texts that break a repetition. At most 16 of 1 to 64 bytes each. Left out: line end, `:`, `"` and `*`.
 */
drySequenceBreakers?: Array<string>, 
/**
 * Mirostat, version 1 or 2 (arXiv:2007.14966). It replaces every option above except temperature. Left out: off.
 */
mirostat?: 1 | 2, 
/**
 * Mirostat's target, in bits of surprise. 0 to 100.
 * @default 5
 */
mirostatTau?: number, 
/**
 * Mirostat's learning rate. 0 to 1.
 * @default 0.1
 */
mirostatEta?: number, 
/**
 * Divides the logits of tokens in the window. Above 0, to 10; 1 is off.
 * @default 1
 */
repeatPenalty?: number, 
/**
 * Subtracted from a token's logit for each occurrence in the window. -2 to 2.
 * @default 0
 */
frequencyPenalty?: number, 
/**
 * Subtracted once from the logit of each token in the window. -2 to 2.
 * @default 0
 */
presencePenalty?: number, 
/**
 * Number of past tokens that the penalties consider. 0 to 4,096.
 * @default 64
 */
penaltyWindow?: number, 
/**
 * Values to add to the logits of single tokens. At most 1,024.
 */
logitBias?: Array<LogitBias>, 
/**
 * Seed of the sampler. The same seed, options and prompt give the same choices. Left out: random.
 */
seed?: number, 
/**
 * Texts that end the answer wherever they appear, also in reasoning and calls. They are not delivered. At most 16
 * of 1 to 256 bytes each.
 */
stop?: Array<string>, 
/**
 * Ends the answer after this many tokens, with reason `length`. Left out: the answer runs until the model ends it
 * or the context is full.
 */
maxOutputTokens?: number, 
/**
 * Whether a cancelled or failed answer keeps its delivered text, in transcript and KV. Otherwise the whole turn
 * goes back.
 * @default false
 */
keepPartial?: boolean, 
/**
 * Returns the probability of each token of the answer, and of this many alternatives. 0 to 20. Left out: none.
 */
logprobs?: number, 
/**
 * The form of the answer. Left out: free text. A grammar excludes tools that may be called. JSON does not: if a
 * tool must be called, it is called; otherwise none is.
 */
responseFormat?: ResponseFormat, 
/**
 * A Jinja chat template in place of the model's own, at most 64 KiB.
 */
chatTemplate?: string, 
/**
 * Whether a model that can reason before its answer does so. Left out: it does.
 */
reasoning?: boolean, 
/**
 * Most tokens of reasoning, then the model must answer. 0 and more. Left out: no limit.
 */
reasoningBudgetTokens?: number, 
/**
 * The tools that the model may call. The caller runs the calls and sends the results with the next turn. At most
 * 128.
 */
tools?: Array<Tool>, 
/**
 * Whether the model calls tools. Left out: the model decides.
 */
toolChoice?: ToolChoice, 
/**
 * Whether one answer may call several tools.
 * @default false
 */
parallelToolCalls?: boolean, };

/**
 * A value to add to a token's logit.
 */
export type LogitBias = { 
/**
 * A token of the model's vocabulary.
 */
token: number, 
/**
 * -100 to 100. The extremes practically forbid or force the token.
 */
bias: number, };

/**
 * The form of an answer. The model can write nothing else; an answer that `maxOutputTokens` cuts off is incomplete.
 */
export type ResponseFormat = { "type": "json", 
/**
 * JSON Schema of the value, as far as llama.cpp turns it into a grammar. Left out: any object.
 */
schema?: Record<string, unknown>, } | { "type": "grammar", 
/**
 * Grammar in GBNF with a rule `root`. At most 64 KiB, with groups nested at most 100 deep.
 */
gbnf: string, 
/**
 * Texts that start the grammar, themselves included. Left out: the grammar holds from the beginning.
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
 * Tells the model when to call the tool.
 */
description?: string, 
/**
 * JSON Schema of the arguments, an object. Left out: no arguments.
 */
parameters?: Record<string, unknown>, };

/**
 * Whether the model calls tools.
 */
export type ToolChoice = { "type": "auto" } | { "type": "none" } | { "type": "required" } | { "type": "tool", 
/**
 * Name of one of the request's tools.
 */
toolName: string, };

/**
 * The batch that a host's pump thread pulls: the events of at most 16 ms.
 */
export type Batch = { 
/**
 * As in the snapshot. A batch of another epoch belongs to another client's numbering.
 */
epoch: string, 
/**
 * The events in order of `seq`.
 */
events: Array<NumberedEvent>, };

/**
 * An event with its number in the client's order.
 */
export type NumberedEvent = { 
/**
 * One more than the event before. After a gap, reread the snapshot: events were dropped.
 */
seq: number, } & ({ "type": "done", 
/**
 * Id of the answered command.
 */
requestId: string, } | { "type": "failed", 
/**
 * Id of the refused command; empty if it had none.
 */
requestId: string, 
/**
 * The error: its `code` is for programs, its `detail` for people.
 */
error: ErrorInfo, } | { "type": "transcript", 
/**
 * Id of the answered command.
 */
requestId: string, 
/**
 * Id of the scope.
 */
scope: string, 
/**
 * Revision of the transcript; a later change has a higher one.
 */
revision: number, 
/**
 * All messages, oldest first, including those of a running turn.
 */
messages: Array<Message>, } | { "type": "replay", 
/**
 * Id of the answered command.
 */
requestId: string, 
/**
 * Id of the generation.
 */
generationId: string, 
/**
 * The requested offset, in UTF-16 code units.
 */
offset: number, 
/**
 * The text from `offset` on, as far as it exists.
 */
text: string, } | { "type": "log", 
/**
 * Id of the answered command.
 */
requestId: string, 
/**
 * The last 512 records at most, oldest first.
 */
records: Array<LifecycleRecord>, } | { "type": "memoryFit", 
/**
 * Id of the answered command.
 */
requestId: string, 
/**
 * The answer, with its numbers.
 */
fit: MemoryFit, } | { "type": "prefilled", 
/**
 * Id of the answered command.
 */
requestId: string, 
/**
 * Tokens of the possible turn that were cached already.
 */
cachedTokens: number, 
/**
 * Tokens of the possible turn that were computed. 0 for a memory that cannot be cut back, as that of recurrent
 * models and sliding windows.
 */
prefilledTokens: number, } | { "type": "tokens", 
/**
 * Id of the answered command.
 */
requestId: string, 
/**
 * The tokens in the order of the text.
 */
tokens: Array<number>, } | { "type": "text", 
/**
 * Id of the answered command.
 */
requestId: string, 
/**
 * The text. Bytes that are not UTF-8, such as a part of a character, are U+FFFD.
 */
text: string, } | { "type": "renderedPrompt", 
/**
 * Id of the answered command.
 */
requestId: string, 
/**
 * The rendered prompt.
 */
prompt: RenderedPrompt, } | { "type": "embeddings", 
/**
 * Id of the answered command.
 */
requestId: string, 
/**
 * One vector for each text, in the order of the texts, all of one length.
 */
embeddings: Array<Array<number>>, 
/**
 * The cost.
 */
usage: EmbeddingUsage, } | { "type": "benched", 
/**
 * Id of the answered command.
 */
requestId: string, 
/**
 * The result.
 */
report: BenchReport, } | { "type": "benchProgress", 
/**
 * The id given to `bench`.
 */
benchId: string, 
/**
 * Finished runs, without warm-up runs.
 */
done: number, 
/**
 * Runs of both kinds together: 10 for prompts and answers in 5 `repetitions`.
 */
total: number, } | { "type": "hubRepository", 
/**
 * Id of the answered command.
 */
requestId: string, 
/**
 * The repository.
 */
repository: HubRepository, } | { "type": "storedModels", 
/**
 * Id of the answered command.
 */
requestId: string, 
/**
 * The stored models.
 */
stored: StoredModels, } | { "type": "modelChanged", 
/**
 * The whole new state.
 */
model: ModelState, } | { "type": "scopeChanged", 
/**
 * The whole new summary.
 */
scope: ScopeSummary, } | { "type": "scopeDeleted", 
/**
 * Id of the scope, free for a new conversation.
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
 * Index of the first changed message; the messages before it stayed.
 */
from: number, 
/**
 * All messages from `from` on; none if the transcript was only cut.
 */
messages: Array<Message>, } | { "type": "generationQueued", 
/**
 * The generation as it begins: `queued`, without text.
 */
generation: GenerationState, } | { "type": "phaseChanged", 
/**
 * The generation's id.
 */
generationId: string, 
/**
 * The new phase.
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
 * The piece; waiting pieces are joined.
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
 * Index of the call in the generation, from 0; one more than the last begins a new call.
 */
index: number, 
/**
 * Id of the call, the same in all of its pieces.
 */
id: string, 
/**
 * Name of the tool, the same in all of its pieces.
 */
name: string, 
/**
 * Length of the arguments before this piece, in UTF-16 code units.
 */
offset: number, 
/**
 * The piece: JSON text.
 */
arguments: string, } | { "type": "logprobsDelta", 
/**
 * The generation's id.
 */
generationId: string, 
/**
 * Number of tokens in earlier events.
 */
offset: number, 
/**
 * The tokens in the order of the answer.
 */
logprobs: Array<TokenLogprob>, } | { "type": "toolCallDropped", 
/**
 * The generation's id.
 */
generationId: string, 
/**
 * Index of the call in the generation, from 0.
 */
index: number, } | { "type": "suspensionChanged", 
/**
 * Whether it is suspended now.
 */
suspended: boolean, } | { "type": "downloadChanged", 
/**
 * The whole new state.
 */
download: Download, } | { "type": "downloadRemoved", 
/**
 * Its name.
 */
name: string, } | { "type": "residentChanged", 
/**
 * The whole new state.
 */
resident: Resident, } | { "type": "residentRemoved", 
/**
 * Id of the resident, free again.
 */
id: string, } | { "type": "evictResident", 
/**
 * Its id.
 */
id: string, 
/**
 * The reason, for people.
 */
reason: string, } | { "type": "recorded", 
/**
 * The record, as a later `readLog` returns it.
 */
record: LifecycleRecord, });

/**
 * An event, by `type`. An event with a `requestId` answers one client; the others go to all clients.
 */
export type Event = { "type": "done", 
/**
 * Id of the answered command.
 */
requestId: string, } | { "type": "failed", 
/**
 * Id of the refused command; empty if it had none.
 */
requestId: string, 
/**
 * The error: its `code` is for programs, its `detail` for people.
 */
error: ErrorInfo, } | { "type": "transcript", 
/**
 * Id of the answered command.
 */
requestId: string, 
/**
 * Id of the scope.
 */
scope: string, 
/**
 * Revision of the transcript; a later change has a higher one.
 */
revision: number, 
/**
 * All messages, oldest first, including those of a running turn.
 */
messages: Array<Message>, } | { "type": "replay", 
/**
 * Id of the answered command.
 */
requestId: string, 
/**
 * Id of the generation.
 */
generationId: string, 
/**
 * The requested offset, in UTF-16 code units.
 */
offset: number, 
/**
 * The text from `offset` on, as far as it exists.
 */
text: string, } | { "type": "log", 
/**
 * Id of the answered command.
 */
requestId: string, 
/**
 * The last 512 records at most, oldest first.
 */
records: Array<LifecycleRecord>, } | { "type": "memoryFit", 
/**
 * Id of the answered command.
 */
requestId: string, 
/**
 * The answer, with its numbers.
 */
fit: MemoryFit, } | { "type": "prefilled", 
/**
 * Id of the answered command.
 */
requestId: string, 
/**
 * Tokens of the possible turn that were cached already.
 */
cachedTokens: number, 
/**
 * Tokens of the possible turn that were computed. 0 for a memory that cannot be cut back, as that of recurrent
 * models and sliding windows.
 */
prefilledTokens: number, } | { "type": "tokens", 
/**
 * Id of the answered command.
 */
requestId: string, 
/**
 * The tokens in the order of the text.
 */
tokens: Array<number>, } | { "type": "text", 
/**
 * Id of the answered command.
 */
requestId: string, 
/**
 * The text. Bytes that are not UTF-8, such as a part of a character, are U+FFFD.
 */
text: string, } | { "type": "renderedPrompt", 
/**
 * Id of the answered command.
 */
requestId: string, 
/**
 * The rendered prompt.
 */
prompt: RenderedPrompt, } | { "type": "embeddings", 
/**
 * Id of the answered command.
 */
requestId: string, 
/**
 * One vector for each text, in the order of the texts, all of one length.
 */
embeddings: Array<Array<number>>, 
/**
 * The cost.
 */
usage: EmbeddingUsage, } | { "type": "benched", 
/**
 * Id of the answered command.
 */
requestId: string, 
/**
 * The result.
 */
report: BenchReport, } | { "type": "benchProgress", 
/**
 * The id given to `bench`.
 */
benchId: string, 
/**
 * Finished runs, without warm-up runs.
 */
done: number, 
/**
 * Runs of both kinds together: 10 for prompts and answers in 5 `repetitions`.
 */
total: number, } | { "type": "hubRepository", 
/**
 * Id of the answered command.
 */
requestId: string, 
/**
 * The repository.
 */
repository: HubRepository, } | { "type": "storedModels", 
/**
 * Id of the answered command.
 */
requestId: string, 
/**
 * The stored models.
 */
stored: StoredModels, } | { "type": "modelChanged", 
/**
 * The whole new state.
 */
model: ModelState, } | { "type": "scopeChanged", 
/**
 * The whole new summary.
 */
scope: ScopeSummary, } | { "type": "scopeDeleted", 
/**
 * Id of the scope, free for a new conversation.
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
 * Index of the first changed message; the messages before it stayed.
 */
from: number, 
/**
 * All messages from `from` on; none if the transcript was only cut.
 */
messages: Array<Message>, } | { "type": "generationQueued", 
/**
 * The generation as it begins: `queued`, without text.
 */
generation: GenerationState, } | { "type": "phaseChanged", 
/**
 * The generation's id.
 */
generationId: string, 
/**
 * The new phase.
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
 * The piece; waiting pieces are joined.
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
 * Index of the call in the generation, from 0; one more than the last begins a new call.
 */
index: number, 
/**
 * Id of the call, the same in all of its pieces.
 */
id: string, 
/**
 * Name of the tool, the same in all of its pieces.
 */
name: string, 
/**
 * Length of the arguments before this piece, in UTF-16 code units.
 */
offset: number, 
/**
 * The piece: JSON text.
 */
arguments: string, } | { "type": "logprobsDelta", 
/**
 * The generation's id.
 */
generationId: string, 
/**
 * Number of tokens in earlier events.
 */
offset: number, 
/**
 * The tokens in the order of the answer.
 */
logprobs: Array<TokenLogprob>, } | { "type": "toolCallDropped", 
/**
 * The generation's id.
 */
generationId: string, 
/**
 * Index of the call in the generation, from 0.
 */
index: number, } | { "type": "suspensionChanged", 
/**
 * Whether it is suspended now.
 */
suspended: boolean, } | { "type": "downloadChanged", 
/**
 * The whole new state.
 */
download: Download, } | { "type": "downloadRemoved", 
/**
 * Its name.
 */
name: string, } | { "type": "residentChanged", 
/**
 * The whole new state.
 */
resident: Resident, } | { "type": "residentRemoved", 
/**
 * Id of the resident, free again.
 */
id: string, } | { "type": "evictResident", 
/**
 * Its id.
 */
id: string, 
/**
 * The reason, for people.
 */
reason: string, } | { "type": "recorded", 
/**
 * The record, as a later `readLog` returns it.
 */
record: LifecycleRecord, };

/**
 * One record of the flight recorder.
 */
export type LifecycleRecord = { 
/**
 * Milliseconds since the Unix epoch.
 */
at: number, 
/**
 * Path of the model. Absent: the record concerns the whole manager.
 */
model?: string, 
/**
 * What happened.
 */
event: LifecycleEvent, 
/**
 * The reason, for people.
 */
reason: string, };

/**
 * What happened, by `type`.
 */
export type LifecycleEvent = { "type": "mounted", 
/**
 * The component's name, as given to `recordMount`.
 */
debugLabel: string, } | { "type": "unmounted", 
/**
 * The component's name, as given to `recordMount`.
 */
debugLabel: string, } | { "type": "acquired", 
/**
 * Names the holder; a generation's lease is `generation ID`.
 */
debugLabel: string, 
/**
 * Whether the model was loaded, or being loaded, already. False if this lease causes the load.
 */
reused: boolean, } | { "type": "released", 
/**
 * Names the holder.
 */
debugLabel: string, } | { "type": "downloading" } | { "type": "loading" } | { "type": "ready" } | { "type": "idle" } | { "type": "unloading" } | { "type": "unloaded" } | { "type": "failed", 
/**
 * The error that waiting callers got.
 */
error: ErrorInfo, } | { "type": "threadsChanged", 
/**
 * Threads before.
 */
from: number, 
/**
 * Threads after.
 */
to: number, } | { "type": "scopeParked", 
/**
 * Id of the scope.
 */
scope: string, 
/**
 * RAM that the scope takes.
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
 * The error.
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
 * Tokens that the scope holds.
 */
tokens: number, 
/**
 * Tokens that the scope can hold.
 */
contextSize: number, } | { "type": "scopeShifted", 
/**
 * Id of the scope.
 */
scope: string, 
/**
 * Number of dropped messages, system prompt excluded.
 */
droppedMessages: number, } | { "type": "fileSetAside", 
/**
 * The new name, in the folder `set-aside`.
 */
file: string, } | { "type": "trimmed", 
/**
 * The step.
 */
rung: TrimRung, 
/**
 * Freed bytes.
 */
bytesFreed: number, } | { "type": "suspended", 
/**
 * Number of scopes that were saved within the deadline.
 */
savedScopes: number, } | { "type": "resumed" };

/**
 * The steps of `trim`, in their order.
 */
export type TrimRung = "embeddersFreed" | "parkedSaved" | "parkedDropped" | "idleUnloaded" | "residentsEvicted" | "leasedUnloaded";

/**
 * The state that a client sees. `seq` is the number of the last event that it includes.
 */
export type Snapshot = { 
/**
 * Changes when the numbering starts anew: for another client or another process.
 */
epoch: string, 
/**
 * Number of the last included event; ignore events up to it.
 */
seq: number, 
/**
 * Every model requested since the process started, sorted by path.
 */
models: Array<ModelState>, 
/**
 * Every scope, sorted by id.
 */
scopes: Array<ScopeSummary>, 
/**
 * Generations that are queued, running or recently finished, oldest first.
 */
generations: Array<GenerationState>, 
/**
 * The residents, sorted by id.
 */
residents: Array<Resident>, 
/**
 * Unfinished downloads, sorted by name.
 */
downloads: Array<Download>, 
/**
 * Whether `suspend` is in effect.
 */
suspended: boolean, 
/**
 * Devices that this build can compute on; the same for the life of the process.
 */
devices: Array<Device>, 
/**
 * Why there is no GPU among `devices`. Absent if there is one.
 */
gpuUnavailable?: GpuUnavailable, };

/**
 * One model that the manager knows.
 */
export type ModelState = { 
/**
 * The path as requested; the model's identity.
 */
path: string, 
/**
 * The config of the newest request.
 */
config: ModelConfig, 
/**
 * The model's state.
 */
status: ModelStatus, 
/**
 * The leases that keep the model loaded, oldest first.
 */
leases: Array<Lease>, 
/**
 * Number of loads since the process started. 1 is ideal.
 */
loads: number, };

/**
 * A model's state, by `type`.
 */
export type ModelStatus = { "type": "unloaded" } | { "type": "downloading", 
/**
 * Progress of the download.
 */
progress: DownloadProgress, } | { "type": "loading", 
/**
 * Share of the weights that has been read, 0 to 1.
 */
progress: number, } | { "type": "ready", 
/**
 * The loaded model, with every "auto" replaced by the chosen value.
 */
info: ModelInfo, } | { "type": "idle", 
/**
 * The loaded model, with every "auto" replaced by the chosen value.
 */
info: ModelInfo, } | { "type": "unloading" } | { "type": "failed", 
/**
 * The error that waiting callers got.
 */
error: ErrorInfo, };

/**
 * The progress of a transfer.
 */
export type DownloadProgress = { 
/**
 * What the transfer is doing.
 */
phase: DownloadPhase, 
/**
 * Bytes on the device, of all files.
 */
bytes: number, 
/**
 * Size of all files; absent until the servers have reported it.
 */
totalBytes?: number, 
/**
 * Average rate of the last seconds; absent while no bytes arrive.
 */
bytesPerSecond?: number, 
/**
 * Remaining time at that rate; absent without a rate.
 */
secondsLeft?: number, };

/**
 * What a transfer is doing.
 */
export type DownloadPhase = { "type": "preparing" } | { "type": "connecting" } | { "type": "running" } | { "type": "waiting", 
/**
 * The failure's code.
 */
code: ErrorCode, 
/**
 * Milliseconds from this report to the next attempt.
 */
waitMs: number, } | { "type": "paused" } | { "type": "verifying" };

/**
 * A lease that keeps a model loaded.
 */
export type Lease = { 
/**
 * The label given to `acquire`; `generation ID` for a queued or running generation.
 */
debugLabel: string, };

/**
 * A loaded model, with every "auto" replaced by the chosen value.
 */
export type ModelInfo = { 
/**
 * llama.cpp's one-line description, such as "llama 1B Q4_0".
 */
description: string, 
/**
 * Bytes of all tensors.
 */
sizeBytes: number, 
/**
 * Number of parameters in all tensors.
 */
parameterCount: number, 
/**
 * Tokens of context that the model was trained for.
 */
trainedContextSize: number, 
/**
 * Tokens of context per scope. For a model that only makes embeddings: most tokens of a text, at most
 * `trainedContextSize`.
 */
contextSize: number, 
/**
 * Scopes that can be resident at once. 0 for a model that only makes embeddings and holds no conversation.
 */
maxResident: number, 
/**
 * Compute threads in use now; the governor changes the number.
 */
threads: number, 
/**
 * The kind of device that holds the weights.
 */
device: DeviceKind, 
/**
 * Names of the devices that hold the weights, as in the snapshot's `devices`.
 */
devices: Array<string>, 
/**
 * Number of layers.
 */
layers: number, 
/**
 * Number of layers that a GPU computes: all or none.
 */
gpuLayers: number, 
/**
 * Why no GPU computes. Absent if one does.
 */
gpuUnavailable?: GpuUnavailable, 
/**
 * Whether the file contains a chat template.
 */
hasChatTemplate: boolean, };

/**
 * One conversation without its messages; `getTranscript` reads those.
 */
export type ScopeSummary = { 
/**
 * The name given by its first generation.
 */
id: string, 
/**
 * Path of the model that answered last.
 */
model: string, 
/**
 * Number of messages, including those of a running turn.
 */
messageCount: number, 
/**
 * Number of messages that are dropped from the prompt, because the context was full; the system prompt is never
 * dropped.
 */
droppedMessages: number, 
/**
 * Tokens of the scope that need not be computed again, wherever their KV is.
 */
cachedTokens: number, 
/**
 * Where the KV is, and so the cost of the next turn.
 */
residency: Residency, 
/**
 * Which parts are written to disk.
 */
persist: Persist, 
/**
 * Time when the KV was written to disk, in milliseconds since the Unix epoch. Absent if it is not on disk.
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
 * One answer that is queued, running or recently finished.
 */
export type GenerationState = { 
/**
 * The id given by its caller.
 */
id: string, 
/**
 * Id of the scope.
 */
scope: string, 
/**
 * Path of the model.
 */
model: string, 
/**
 * The current phase; at the end with the outcome.
 */
phase: GenerationPhase, 
/**
 * The answer so far, without reasoning and tool calls.
 */
text: string, 
/**
 * The reasoning so far.
 */
reasoning: string, 
/**
 * The tool calls so far; `arguments` is complete when the generation has finished.
 */
toolCalls: Array<ToolCall>, 
/**
 * The probabilities of the answer's tokens so far, if `options.logprobs` asks for them. There are as many as
 * `outputTokens`, so they include the tokens of a stop text, of reasoning and of calls, and control tokens except
 * the one that ends the answer.
 */
logprobs?: Array<TokenLogprob>, };

/**
 * The phases of a generation, by `type`, in this order; `finished` may follow any of them.
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
 * How it ended, with its cost.
 */
outcome: Outcome, };

/**
 * A token of an answer with its probability by the model itself: before temperature, penalties, biases, grammars and
 * all other effects of `GenerateOptions`.
 */
export type TokenLogprob = { 
/**
 * The likeliest tokens at this place, as many as requested, the likeliest first. The chosen token may be missing
 * from them.
 */
top: Array<Logprob>, 
/**
 * Token of the model's vocabulary.
 */
token: number, 
/**
 * The token's text, or the name of a control token. A part of a character is U+FFFD; `detokenize` joins such
 * parts.
 */
text: string, 
/**
 * Natural logarithm of the probability, at most 0. -9,999 stands for a practically impossible token.
 */
logprob: number, };

/**
 * A token with its probability.
 */
export type Logprob = { 
/**
 * Token of the model's vocabulary.
 */
token: number, 
/**
 * The token's text, or the name of a control token. A part of a character is U+FFFD; `detokenize` joins such
 * parts.
 */
text: string, 
/**
 * Natural logarithm of the probability, at most 0. -9,999 stands for a practically impossible token.
 */
logprob: number, };

/**
 * How a generation ended.
 */
export type Outcome = { 
/**
 * The reason; only `failed` has an `error`.
 */
reason: FinishReason, 
/**
 * Present if and only if `reason` is `failed`.
 */
error?: ErrorInfo, 
/**
 * The token counts; all 0 for a generation that never reached a slot.
 */
usage: Usage, 
/**
 * The durations; 0 for a phase that was never entered.
 */
timings: Timings, };

/**
 * Why a generation ended.
 */
export type FinishReason = "stop" | "length" | "toolCalls" | "cancelled" | "failed";

/**
 * Token counts of one generation.
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
 * Prompt tokens that were computed.
 */
prefilledTokens: number, 
/**
 * Tokens sampled for the answer, without the one that ended it; those of a stop text count.
 */
outputTokens: number, };

/**
 * Durations of one generation in milliseconds, each from the end of the phase before.
 */
export type Timings = { 
/**
 * Waiting for the load, the scope's earlier turn, or a slot.
 */
queuedMs: number, 
/**
 * From the slot to the first token, or to the end if no token came.
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
 * A processor that computes.
 */
export type Device = { 
/**
 * llama.cpp's short name, such as "CPU" or "Vulkan0".
 */
name: string, 
/**
 * The kind of device; `device` of a model's `info` has the same kinds.
 */
kind: DeviceKind, 
/**
 * The manufacturer's name, as far as the system reports it.
 */
description: string, 
/**
 * Total memory in bytes; the main memory for a CPU.
 */
memoryBytes: number, 
/**
 * Instruction sets that this build uses on it, such as "AVX512_VNNI".
 */
features: Array<string>, };

/**
 * A kind of device.
 */
export type DeviceKind = "cpu" | "gpu" | "accelerator";

/**
 * Why no GPU computes.
 */
export type GpuUnavailable = { 
/**
 * The reason for programs.
 */
reason: GpuUnavailableReason, 
/**
 * The reason for people: what is missing, and what to do.
 */
detail: string, };

/**
 * Why no GPU computes, for programs.
 */
export type GpuUnavailableReason = "notBuilt" | "notFound" | "notWanted";

/**
 * The answer to `canLoad`.
 */
export type MemoryFit = { 
/**
 * The verdict.
 */
verdict: FitVerdict, 
/**
 * The memory of the load. For `fitsSmaller`, its `contextSize` and `maxResident` are values that fit: ask for
 * both.
 */
estimate: MemoryEstimate, 
/**
 * Bytes that are free for the load now. Absent if the system does not say.
 */
availableBytes?: number, };

/**
 * Whether a model would fit.
 */
export type FitVerdict = "fits" | "fitsSmaller" | "doesNotFit";

/**
 * The memory of a load in bytes, computed from the file's header and the options before any allocation.
 */
export type MemoryEstimate = { 
/**
 * The weights as used for computing, mapped from the file or repacked for this CPU, and the vocabulary. The mapped
 * original of a repacked weight is not counted: the system reclaims it when it needs the memory.
 */
weightsBytes: number, 
/**
 * The KV memory of all resident scopes. 0 for a model that only makes embeddings.
 */
kvBytes: number, 
/**
 * The buffers for computing. 0 for a model that only makes embeddings: its buffers are counted when they are made,
 * by the length of the texts.
 */
computeBytes: number, 
/**
 * Tokens of context per scope that the estimate assumes.
 */
contextSize: number, 
/**
 * Resident scopes that the estimate assumes; 0 for a model that only makes embeddings.
 */
maxResident: number, };

/**
 * A large memory user beside the models, such as a speech recogniser. It counts in the same budget, and goes before a
 * model that is in use.
 */
export type Resident = { 
/**
 * Made by the caller, 1 to 256 bytes.
 */
id: string, 
/**
 * A name for people.
 */
name: string, 
/**
 * Its memory in bytes.
 */
sizeBytes: number, 
/**
 * Whether it is in use now; then it is not asked to go.
 */
inUse: boolean, };

/**
 * A conversation rendered by the model's chat template, ready for the answer.
 */
export type RenderedPrompt = { 
/**
 * The rendered text.
 */
text: string, 
/**
 * Number of tokens that the model reads: those of `text`, and the token that begins every prompt, if the
 * vocabulary has one.
 */
tokenCount: number, 
/**
 * Texts that end an answer under this template, in addition to the request's own.
 */
stop: Array<string>, 
/**
 * The template's Jinja source. Absent if the file has none and ChatML is used.
 */
template?: string, };

/**
 * A download or import that `download` or `importModel` started. A finished one is among the stored models, and no
 * longer here.
 */
export type Download = { 
/**
 * The name, as in `StoredModel`.
 */
name: string, 
/**
 * The progress.
 */
status: DownloadStatus, };

/**
 * A download's state, by `type`.
 */
export type DownloadStatus = { "type": "running", 
/**
 * The progress.
 */
progress: DownloadProgress, } | { "type": "failed", 
/**
 * The error that waiting callers got.
 */
error: ErrorInfo, };

/**
 * A repository of the hub at one commit.
 */
export type HubRepository = { 
/**
 * `org/repo`.
 */
repository: string, 
/**
 * The listed commit; the branch may have newer ones.
 */
commit: string, 
/**
 * Every complete model of the repository, smallest first.
 */
variants: Array<HubVariant>, 
/**
 * Name of the variant that fits best: the largest that fits as it is, else the largest that fits with less
 * context. Full precision is proposed only if nothing else fits. Absent if no variant is known to fit.
 */
best?: string, };

/**
 * A model of a repository: one quantization, with all of its files.
 */
export type HubVariant = { 
/**
 * The name for `acquire` or `download`: `hf:org/repo:Q4_K_M`, or the name of its first file if the quantization is
 * ambiguous.
 */
name: string, 
/**
 * The quantization in the file's name. Absent if the name has none.
 */
quantization?: string, 
/**
 * Size of all its files.
 */
bytes: number, 
/**
 * Number of files; more than one if the model is split.
 */
fileCount: number, 
/**
 * Whether the whole model is on this device under this name.
 */
isStored: boolean, 
/**
 * Whether the model would fit now, as `canLoad` says. Absent if no header could be read that tells.
 */
fit?: MemoryFit, 
/**
 * Whether `fit` comes from this variant's own header. Otherwise it comes from another quantization of the same
 * model, with the weights scaled by the sizes of the files; `canLoad` gives the exact answer.
 */
isFitExact: boolean, };

/**
 * The stored models and their disk space.
 */
export type StoredModels = { 
/**
 * The models, least recently used first.
 */
models: Array<StoredModel>, 
/**
 * The space of all of them.
 */
disk: DiskUse, };

/**
 * A stored model, by the name that it was requested with.
 */
export type StoredModel = { 
/**
 * A URL or a hub name, as in `path` of a `ModelConfig`.
 */
name: string, 
/**
 * Bytes on disk, including unfinished downloads. Files that several names share count for each of them.
 */
bytes: number, 
/**
 * Time of the last load, or of its arrival, in milliseconds since the Unix epoch.
 */
lastUsedAt: number, 
/**
 * Whether the model can be loaded now, without a network.
 */
isComplete: boolean, 
/**
 * Whether a transfer of the model, or of a newer version, runs or can be resumed.
 */
isIncoming: boolean, 
/**
 * Whether a loaded model or a running transfer prevents its removal.
 */
isInUse: boolean, };

/**
 * Disk space of models, in bytes.
 */
export type DiskUse = { 
/**
 * Files of models, each counted once.
 */
modelsBytes: number, 
/**
 * Unfinished files.
 */
partialBytes: number, 
/**
 * The budget for both: `modelsBudgetBytes`. Absent: as much as fits.
 */
budgetBytes?: number, 
/**
 * Space that this app may still write. Absent if the system does not say.
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
export type ErrorCode = "invalidCommand" | "invalidOptions" | "modelNotFound" | "modelInvalid" | "modelUnsupported" | "outOfMemory" | "optionsConflict" | "loadCancelled" | "cancelled" | "busy" | "contextFull" | "templateFailed" | "notCached" | "suspended" | "storageUnavailable" | "storageFailed" | "diskFull" | "invalidModelName" | "modelNotCached" | "modelInUse" | "digestMismatch" | "scopeNotFound" | "generationNotFound" | "modelNotKnown" | "modelUnloaded" | "engineCrashed" | "inferenceFailed" | "offline" | "connectionLost" | "tooSlow" | "tlsFailed" | "httpStatus" | "accessDenied" | "tooManyRedirects" | "insecureUrl" | "responseInvalid" | "lengthMismatch" | "closed" | "internal";
