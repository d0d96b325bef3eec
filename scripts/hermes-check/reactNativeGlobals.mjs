// What Hermes and React Native 0.87 give every app, in an engine that is older than that: the language by core-js, the
// globals by React Native's own sources. Nothing that they do not have.
import 'core-js/es';

import { AbortController } from '../../node_modules/react-native/src/private/webapis/dom/abort-api/AbortController.js';
import { AbortSignal } from '../../node_modules/react-native/src/private/webapis/dom/abort-api/AbortSignal.js';
import { URL, URLSearchParams } from '../../node_modules/react-native/Libraries/Blob/URL.js';
import { Headers } from '../../node_modules/react-native/Libraries/Network/fetch.js';
import { Utf8Decoder, Utf8Encoder } from './utf8.mjs';

const quiet = () => undefined;

Object.assign(globalThis, {
  global: globalThis,
  AbortController,
  AbortSignal,
  Headers,
  URL,
  URLSearchParams,
  // Hermes's own, in C++.
  TextDecoder: Utf8Decoder,
  TextEncoder: Utf8Encoder,
  console: { log: print, info: print, warn: print, error: print, debug: quiet },
  performance: { now: () => Date.now() },
  queueMicrotask: (task) => void Promise.resolve().then(task),
});
