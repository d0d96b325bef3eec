import { View } from 'react-native';

import type { DownloadProgress, ModelInfo, ModelState, ModelStatus } from '../../protocol/generated';
import { useLlamaClient } from '../client';
import { useModels } from '../useModels';
import { type Palette, usePalette } from './palette';
import { Action, Badge, Line, Row, Section } from './parts';
import { bytesText, fileName } from './units';

/** Every model: its state, how often it was loaded, and its leases. */
export function ModelsSection() {
  const models = useModels();
  return (
    <Section title="Models">
      {models.length === 0 && <Line quiet>No model has been asked for yet.</Line>}
      {models.map((model) => (
        <Model key={model.path} model={model} />
      ))}
    </Section>
  );
}

function Model({ model: { path, status, leases, loads } }: { model: ModelState }) {
  const client = useLlamaClient();
  const palette = usePalette();
  const labels = leases.map(({ debugLabel }) => debugLabel).join(', ');
  const info = status.type === 'ready' || status.type === 'idle' ? status.info : undefined;
  return (
    <View style={{ gap: 6 }}>
      <Row>
        <Line>{fileName(path)}</Line>
        <Badge label={statusText(status)} tone={toneOf(status, palette)} />
        <Badge
          label={loads === 1 ? 'loaded once' : `loaded ${loads} times`}
          tone={loads > 1 ? palette.warning : palette.quiet}
        />
      </Row>
      {info !== undefined && (
        <Line quiet>
          {info.description} · {bytesText(info.sizeBytes)} · {contextText(info)} · {info.threads}{' '}
          {info.threads === 1 ? 'thread' : 'threads'} · {info.device}
        </Line>
      )}
      {status.type === 'failed' && <Line tone={palette.bad}>{status.error.detail}</Line>}
      <Line quiet>{leases.length === 0 ? 'No leases.' : `Leases: ${labels}`}</Line>
      {info !== undefined && (
        <Row>
          <Action label={`Unload ${fileName(path)}`} onPress={() => void client.unload(path).catch(() => undefined)} />
        </Row>
      )}
    </View>
  );
}

function contextText({ maxResident, contextSize }: ModelInfo): string {
  return maxResident === 0 ? `embeddings of ${contextSize} tokens` : `${maxResident} × ${contextSize} tokens`;
}

function statusText(status: ModelStatus): string {
  switch (status.type) {
    case 'downloading':
      return downloadText(status.progress);
    case 'loading':
      return `loading ${Math.round(100 * status.progress)} %`;
    case 'unloaded':
    case 'ready':
    case 'idle':
    case 'unloading':
    case 'failed':
      return status.type;
  }
}

function downloadText({ phase, bytes, totalBytes, bytesPerSecond }: DownloadProgress): string {
  const total = totalBytes === undefined ? '' : ` of ${bytesText(totalBytes)}`;
  const rate = bytesPerSecond === undefined ? '' : `, ${bytesText(bytesPerSecond)}/s`;
  return `downloading: ${phase.type}, ${bytesText(bytes)}${total}${rate}`;
}

function toneOf({ type }: ModelStatus, { good, warning, bad, quiet }: Palette): string {
  switch (type) {
    case 'ready':
      return good;
    case 'downloading':
    case 'loading':
    case 'unloading':
      return warning;
    case 'failed':
      return bad;
    case 'idle':
    case 'unloaded':
      return quiet;
  }
}
