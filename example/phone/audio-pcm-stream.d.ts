// The types of the package have the name of the package that it was forked from.
declare module '@fugood/react-native-audio-pcm-stream' {
  interface Format {
    readonly sampleRate: number;
    readonly channels: 1 | 2;
    readonly bitsPerSample: 8 | 16;
    readonly audioSource: number;
    readonly bufferSize: number;
    readonly wavFile: string;
  }
  interface AudioRecord {
    readonly init: (options: Format) => Promise<unknown> | undefined;
    readonly start: () => void;
    readonly stop: () => Promise<string> | undefined;
    readonly on: (event: 'data', listener: (base64: string) => void) => void;
  }
  const audioRecord: AudioRecord;
  // eslint-disable-next-line no-restricted-syntax -- so it is there
  export default audioRecord;
}
