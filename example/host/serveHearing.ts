import type { WebSocket } from 'ws';

import type { Recognisers } from './Recognisers';
import type { FromRecogniser } from './wire';

/** Recognises one recording. Sound comes up in binary frames until the text frame `end`; words go down. */
export function serveHearing(socket: WebSocket, recognisers: Recognisers, language: string): void {
  const tell = (message: FromRecogniser) => socket.send(JSON.stringify(message));
  const tellLast = (message: FromRecogniser) => {
    tell(message);
    socket.close();
  };
  if (!recognisers.languages.includes(language)) {
    tellLast({
      type: 'failed',
      detail: `${language} is not heard here - choose one of ${recognisers.languages.join(', ')}`,
    });
    return;
  }
  const recognition = recognisers.start(language, {
    onPartial: (text) => tell({ type: 'partial', text }),
    onFinal: (text) => tellLast({ type: 'final', text }),
    onFailure: (detail) => tellLast({ type: 'failed', detail }),
  });
  socket.on('message', (data, isBinary) => {
    if (isBinary) recognition.feed(data as Buffer);
    else if ((data as Buffer).toString('utf8') === 'end') recognition.finish();
  });
  socket.on('close', () => recognition.abandon());
}
