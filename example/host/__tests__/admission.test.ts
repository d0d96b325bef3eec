import { admitsRequest, admitsSocket, isLocal } from '../admission';

const admission = { port: 4870, token: 'secret' };
const host = '127.0.0.1:4870';
const origin = `http://${host}`;

test.each([
  [host, true],
  ['localhost:4870', true],
  ['localhost:4871', false],
  ['127.0.0.1', false],
  ['evil.example:4870', false],
  [undefined, false],
])('a request to the host %p is local: %p', (name, expected) => {
  expect(isLocal({ host: name }, admission)).toBe(expected);
});

test.each([
  [
    'a page of this host, with the token',
    { host, origin, 'sec-websocket-protocol': 'llama-rs-demo, token.secret' },
    true,
  ],
  [
    'localhost as well',
    { host: 'localhost:4870', origin: 'http://localhost:4870', 'sec-websocket-protocol': 'llama-rs-demo,token.secret' },
    true,
  ],
  [
    'another site',
    { host, origin: 'https://evil.example', 'sec-websocket-protocol': 'llama-rs-demo, token.secret' },
    false,
  ],
  [
    'a name of another site that leads here',
    {
      host: 'evil.example:4870',
      origin: 'http://evil.example:4870',
      'sec-websocket-protocol': 'llama-rs-demo, token.secret',
    },
    false,
  ],
  ['a program without an origin', { host, 'sec-websocket-protocol': 'llama-rs-demo, token.secret' }, false],
  ['no token', { host, origin, 'sec-websocket-protocol': 'llama-rs-demo' }, false],
  ['a wrong token', { host, origin, 'sec-websocket-protocol': 'llama-rs-demo, token.secres' }, false],
  ['half a token', { host, origin, 'sec-websocket-protocol': 'llama-rs-demo, token.sec' }, false],
  ['no protocol', { host, origin, 'sec-websocket-protocol': 'token.secret' }, false],
])('a socket of %s: %p', (_, headers, expected) => {
  expect(admitsSocket(headers, admission)).toBe(expected);
});

test.each([
  ['a page of this host, with the token', { host, origin, authorization: 'Bearer secret' }, true],
  ['a wrong token', { host, origin, authorization: 'Bearer secres' }, false],
  ['no token', { host, origin }, false],
  ['another site', { host, origin: 'https://evil.example', authorization: 'Bearer secret' }, false],
])('a request of %s: %p', (_, headers, expected) => {
  expect(admitsRequest(headers, admission)).toBe(expected);
});
