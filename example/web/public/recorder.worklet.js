// Runs on the browser's audio thread. Hands on 16-bit samples and their loudness, a tenth of a second at a time.
const CHUNK = 1600;

class Recorder extends AudioWorkletProcessor {
  chunk = new Int16Array(CHUNK);
  filled = 0;

  constructor() {
    super();
    // The page asks for the last, partial chunk at the end of a recording.
    this.port.onmessage = () => {
      this.hand();
      this.port.postMessage({ type: 'flushed' });
    };
  }

  process([input]) {
    for (const sample of input[0] ?? []) {
      this.chunk[this.filled] = Math.max(-1, Math.min(1, sample)) * 0x7fff;
      this.filled += 1;
      if (this.filled === CHUNK) this.hand();
    }
    return true;
  }

  hand() {
    const samples = this.chunk.slice(0, this.filled);
    this.filled = 0;
    if (samples.length === 0) return;
    const power = samples.reduce((sum, sample) => sum + (sample / 0x7fff) ** 2, 0) / samples.length;
    this.port.postMessage({ type: 'sound', samples, power }, [samples.buffer]);
  }
}

registerProcessor('recorder', Recorder);
