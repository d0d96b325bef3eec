// The package types itself under the name of the one that it was forked from.
declare module '@fugood/react-native-audio-pcm-stream' {
  interface AudioRecord {
    init(options: { sampleRate: number; channels: 1 | 2; bitsPerSample: 8 | 16; audioSource: number; bufferSize: number; wavFile: string }): void;
    start(): void;
    stop(): Promise<string>;
    on(event: 'data', listener: (base64: string) => void): void;
  }
  const audioRecord: AudioRecord;
  // eslint-disable-next-line no-restricted-syntax -- so it is there
  export default audioRecord;
}
