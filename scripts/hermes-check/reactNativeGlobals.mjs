// Installs the globals that Hermes and React Native 0.87 give every app, into an older Hermes. Language features come
// from core-js, the other globals from React Native's own sources. Installs nothing that they lack.
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
  // A current Hermes has these two in C++.
  TextDecoder: Utf8Decoder,
  TextEncoder: Utf8Encoder,
  console: { log: print, info: print, warn: print, error: print, debug: quiet },
  performance: { now: () => Date.now() },
  queueMicrotask: (task) => void Promise.resolve().then(task),
});
