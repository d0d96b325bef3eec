import { View } from 'react-native';

import { ControlsSection } from './ControlsSection';
import { LogSection } from './LogSection';
import { MemorySection } from './MemorySection';
import { ModelsSection } from './ModelsSection';
import { ScopesSection } from './ScopesSection';
import { SpeedSection } from './SpeedSection';

/** The props of `LlamaInspector`. */
export interface LlamaInspectorProps {
  /** Reloads JavaScript. The inspector shows a button for it if this is given. */
  onReload?: () => void;
}

/**
 * Shows developers what the engine does: models with their leases, memory, tokens per second, conversations and the
 * flight recorder, with buttons for what the system does to an app. Needs a `LlamaProvider` above it. Put it into a
 * `ScrollView`, because it grows with its content.
 */
export function LlamaInspector({ onReload }: LlamaInspectorProps) {
  return (
    <View style={{ gap: 12 }}>
      <ModelsSection />
      <MemorySection />
      <SpeedSection />
      <ScopesSection />
      <ControlsSection onReload={onReload} />
      <LogSection />
    </View>
  );
}
