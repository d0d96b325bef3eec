import type { BenchReport, MemoryFit, Message, ModelConfig, RenderedPrompt } from '../../protocol/generated';
import type { NewId } from '../port/idMaker';
import type { Requests } from '../port/Requests';
import type { BenchRequest } from '../tasks/BenchRequest';
import type { Embeddings, EmbedRequest } from '../tasks/EmbedRequest';
import type { Tasks } from '../tasks/Tasks';
import { ScopeCommands } from './ScopeCommands';

/** Commands about models, and the one-shot tasks that they carry out. */
export class ModelCommands extends ScopeCommands {
  /** @internal */
  protected constructor(
    requests: Requests,
    newId: NewId,
    /** @internal */
    protected readonly tasks: Tasks,
  ) {
    super(requests, newId);
  }

  /** Frees a model's weights, even while leases exist. Resolves when the memory is free. */
  unload(path: string): Promise<void> {
    return this.requests.ask({ type: 'unload', path });
  }

  /** Resolves to whether a model would fit into the memory that is free now, with the numbers. */
  canLoad(model: ModelConfig): Promise<MemoryFit> {
    return this.requests.ask({ type: 'canLoad', model });
  }

  /**
   * Resolves to the tokens of a text in the model's vocabulary, without special tokens before or after it. With
   * `special`, names of control tokens such as `<|im_start|>` become those tokens. Loads the model if necessary, and
   * keeps it for its `keepAliveMs`.
   */
  tokenize(
    model: ModelConfig,
    text: string,
    { special = false }: { special?: boolean } = {},
  ): Promise<readonly number[]> {
    return this.requests.ask({ type: 'tokenize', model, text, ...(special && { special }) });
  }

  /**
   * Resolves to the text of tokens, with control tokens by their names. Rejects with `invalidOptions` for a token that
   * is not in the vocabulary.
   */
  detokenize(model: ModelConfig, tokens: readonly number[]): Promise<string> {
    return this.requests.ask({ type: 'detokenize', model, tokens: [...tokens] });
  }

  /**
   * Resolves to the prompt that the model would read for a conversation, and the chat template that renders it. Nothing
   * is generated, and no message is left out.
   *
   * ```ts
   * const { text, tokenCount } = await client.applyChatTemplate(model, [{ role: 'user', content: 'Who am I?' }]);
   * ```
   */
  applyChatTemplate(model: ModelConfig, messages: readonly Message[]): Promise<RenderedPrompt> {
    return this.requests.ask({ type: 'applyChatTemplate', model, messages: [...messages] });
  }

  /**
   * Embeds texts: resolves to one vector for each, and texts of similar meaning have similar vectors. The work is done
   * in small pieces beside generations, in memory of its own that counts in the memory budget. Rejects with
   * `modelUnsupported` for a model that makes no embeddings, `contextFull` for a text that is too long, `outOfMemory`,
   * and `cancelled` when the signal is aborted.
   *
   * ```ts
   * const { embeddings } = await client.embed({ model, texts: ['My name is Alice', 'Who am I?'] });
   * ```
   */
  embed(request: EmbedRequest): Promise<Embeddings> {
    return this.tasks.embed(request);
  }

  /**
   * Measures how fast a model reads prompts and writes answers on this device, as `llama-bench` of llama.cpp does. The
   * measurement waits until no other request needs the model, and turns wait for its end; conversations stay as they
   * are. Rejects with `outOfMemory` if its memory does not fit, `invalidOptions` with the field and its range, and
   * `cancelled` when the signal is aborted.
   *
   * ```ts
   * const { prompt, generation } = await client.bench({ model, repetitions: 3 });
   * console.log(`${prompt?.mean} tokens/s read, ${generation?.mean} ± ${generation?.standardDeviation} written`);
   * ```
   */
  bench(request: BenchRequest): Promise<BenchReport> {
    return this.tasks.bench(request);
  }
}
