/** Decibels below full scale that the meter shows as silence. */
const FLOOR_DB = -55;
const FULL_SCALE = 0x8000;

/** Loudness of 16-bit sound, 0 to 1. */
export function loudness(pcm: Uint8Array): number {
  const view = new DataView(pcm.buffer, pcm.byteOffset, pcm.byteLength);
  const count = Math.floor(pcm.byteLength / 2);
  let power = 0;
  for (let index = 0; index < count; index += 1) power += (view.getInt16(2 * index, true) / FULL_SCALE) ** 2;
  const decibels = 10 * Math.log10(Math.max(power / Math.max(count, 1), 1e-10));
  return Math.min(1, Math.max(0, 1 - decibels / FLOOR_DB));
}

/** Joins all pieces. */
export function joined(pieces: readonly Uint8Array[]): ArrayBuffer {
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.byteLength, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole.buffer;
}
