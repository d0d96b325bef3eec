import type { LlamaClient } from 'react-native-llama-rs';

import { conversations, place } from './chatTables';

/** The context of a command. */
interface Desk {
  readonly client: LlamaClient;
  /** The current conversation. */
  readonly scope: string;
  /** Changes the current conversation. */
  readonly enter: (scope: string) => void;
}

interface ChatCommand {
  readonly argument?: string;
  readonly help: string;
  /** Whether the command acts on the running answer instead of waiting for its end. */
  readonly urgent?: boolean;
  /** Returns the lines to show. Rejects with `LlamaError`. */
  run(desk: Desk, argument: string): Promise<readonly string[]> | readonly string[];
}

/** The commands that act on conversations. The chat itself has the others. */
export const COMMANDS: Readonly<Record<string, ChatCommand>> = {
  '/scope': {
    argument: 'NAME',
    help: 'goes to another conversation, or begins it',
    run({ client, enter }, name) {
      if (name === '') return ['/scope needs a name, such as /scope alice'];
      enter(name);
      const known = client.scope(name).getSnapshot().summary;
      return [known === undefined ? `a new conversation: ${name}` : `back in ${name}, ${known.messageCount} messages`];
    },
  },
  '/scopes': {
    help: 'lists conversations with residency, tokens and time of saving',
    run: ({ client, scope }) => conversations(client.scopes.getSnapshot(), scope),
  },
  '/fork': {
    argument: 'NAME',
    help: 'copies this conversation, and goes to the copy; nothing is computed again',
    async run({ client, scope, enter }, name) {
      if (name === '') return ['/fork needs a name, such as /fork what-if'];
      await client.fork(scope, { as: name });
      enter(name);
      return place(client, name);
    },
  },
  '/rewind': {
    argument: 'N',
    help: 'keeps the first N messages of this conversation',
    async run({ client, scope }, count) {
      if (!/^\d{1,9}$/.test(count)) return ['/rewind needs the number of messages to keep, such as /rewind 2'];
      await client.rewindTo(scope, Number(count));
      return place(client, scope);
    },
  },
  '/park': {
    help: 'takes this conversation out of its slot, into RAM',
    async run({ client, scope }) {
      await client.park(scope);
      return place(client, scope);
    },
  },
  '/save': {
    help: 'writes this conversation to disk now',
    async run({ client, scope }) {
      await client.save(scope);
      return place(client, scope);
    },
  },
  '/suspend': {
    help: 'stops and saves everything, as in the background; also in the middle of an answer',
    urgent: true,
    async run({ client }) {
      await client.suspend();
      const saved = client.scopes.getSnapshot().filter(({ savedAt }) => savedAt !== undefined);
      return [`suspended, ${saved.length} conversations on disk - /resume goes on`];
    },
  },
  '/resume': {
    help: 'goes on, also with the answer under way',
    urgent: true,
    async run({ client }) {
      await client.resume();
      return ['resumed'];
    },
  },
  '/erase': {
    argument: '[all]',
    help: 'forgets this conversation, or all of them, in memory and on disk',
    async run({ client, scope }, which) {
      if (which !== '' && which !== 'all') return ['/erase forgets this conversation, /erase all every one'];
      await (which === 'all' ? client.deleteAllScopes() : client.deleteScope(scope));
      return [which === 'all' ? 'forgotten: every conversation' : `forgotten: ${scope}`];
    },
  },
};
