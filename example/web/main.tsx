import { createRoot } from 'react-dom/client';
import { LlamaClient } from 'react-native-llama-rs';

import { App } from '../app/App';
import { makeServices } from '../app/makeServices';
import { Cell } from '../app/store';
import { PATHS } from '../host/wire';
import { HostLink } from './HostLink';
import { HostSpeaker } from './HostSpeaker';
import { HostTranscriber } from './HostTranscriber';
import { SocketPort } from './SocketPort';

const link = new HostLink(window.location);
const online = new Cell(false);

const { port, about } = await SocketPort.open({
  connect: () => link.connect(PATHS.port),
  onLink: (state) => online.set(state === 'online'),
});
const client = new LlamaClient(port);
const services = makeServices(client, {
  model: about.model,
  options: about.options,
  transcriber: about.languages.length > 0 ? new HostTranscriber(link, about.languages) : undefined,
  speaker: about.speaks ? new HostSpeaker(link) : undefined,
  online,
  onReload: () => window.location.reload(),
});

const root = document.getElementById('root');
if (root !== null) createRoot(root).render(<App client={client} services={services} />);
