// The parts of `TextEncoder` and `TextDecoder` that the AI SDK uses.

export class Utf8Encoder {
  encode(text = '') {
    const bytes = unescape(encodeURIComponent(text));
    return Uint8Array.from(bytes, (byte) => byte.charCodeAt(0));
  }
}

export class Utf8Decoder {
  decode(bytes = new Uint8Array()) {
    return decodeURIComponent(escape(String.fromCharCode(...bytes)));
  }
}
