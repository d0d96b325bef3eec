import type { LifecycleEvent } from '../../protocol/generated';
import { bytesText, fileName } from './units';

/** Returns a lifecycle event in a few words. */
export function recordText(event: LifecycleEvent): string {
  switch (event.type) {
    case 'mounted':
    case 'unmounted':
    case 'released':
      return `${event.type} ${event.debugLabel}`;
    case 'acquired':
      return `acquired ${event.debugLabel}${event.reused ? ', reused' : ''}`;
    case 'downloading':
    case 'loading':
    case 'ready':
    case 'idle':
    case 'unloading':
    case 'unloaded':
    case 'resumed':
      return event.type;
    case 'failed':
      return `failed: ${event.error.code}`;
    case 'threadsChanged':
      return `threads ${event.from} → ${event.to}`;
    case 'scopeParked':
      return `parked ${event.scope}, ${bytesText(event.bytes)}`;
    case 'scopeRestored':
      return `restored ${event.scope}`;
    case 'scopeSaved':
      return `saved ${event.scope}, ${bytesText(event.bytes)}`;
    case 'scopeNotSaved':
      return `not saved ${event.scope}: ${event.error.code}`;
    case 'scopeDropped':
      return `dropped ${event.scope}`;
    case 'scopeNearlyFull':
      return `nearly full ${event.scope}, ${event.tokens} of ${event.contextSize}`;
    case 'scopeShifted':
      return `shifted ${event.scope}, ${event.droppedMessages} messages`;
    case 'fileSetAside':
      return `set aside ${fileName(event.file)}`;
    case 'trimmed':
      return `trimmed: ${event.rung}, ${bytesText(event.bytesFreed)}`;
    case 'suspended':
      return `suspended, ${event.savedScopes} saved`;
  }
}
