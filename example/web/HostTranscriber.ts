import type { HearingListener, HearingProblem, Recording, Transcriber } from '../app/speech/Transcriber';
import { type FromRecogniser, PATHS } from '../host/wire';
import type { HostLink } from './HostLink';
import { openMicrophone } from './openMicrophone';

/** Recognises speech with the browser's microphone and the host's recogniser. */
export class HostTranscriber implements Transcriber {
  constructor(
    private readonly link: HostLink,
    readonly languages: readonly string[],
  ) {}

  start(language: string, listener: HearingListener): Recording {
    const socket = this.link.connect(`${PATHS.hear}?language=${encodeURIComponent(language)}`);
    socket.binaryType = 'arraybuffer';
    const unsent: (ArrayBufferView<ArrayBuffer> | string)[] = [];
    const send = (frame: ArrayBufferView<ArrayBuffer> | string) => {
      if (socket.readyState === WebSocket.CONNECTING) unsent.push(frame);
      else if (socket.readyState === WebSocket.OPEN) socket.send(frame);
    };
    let isOver = false;
    const microphone = openMicrophone({
      onOpen: () => listener.onOpen(),
      onSound(samples, level) {
        send(samples);
        listener.onLevel(level);
      },
      onProblem: (problem) => fail(problem),
    });
    const leave = () => {
      isOver = true;
      microphone.close();
      socket.close();
    };
    const fail = (problem: HearingProblem) => {
      if (isOver) return;
      leave();
      listener.onEnd({ type: 'failed', problem });
    };
    socket.onopen = () => {
      for (const frame of unsent.splice(0)) socket.send(frame);
    };
    socket.onmessage = ({ data }) => {
      if (isOver) return;
      const message = JSON.parse(data as string) as FromRecogniser;
      if (message.type === 'partial') {
        listener.onPartial(message.text);
        return;
      }
      if (message.type === 'failed') {
        fail('unavailable');
        return;
      }
      leave();
      listener.onEnd({ type: 'heard', text: message.text });
    };
    socket.onclose = () => fail('unavailable');
    return {
      finish: () => microphone.finish(() => send('end')),
      cancel: () => leave(),
    };
  }
}
